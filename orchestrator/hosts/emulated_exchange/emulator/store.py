"""The mailbox store: what changes the server's databases, and can be stopped.

Nothing on the event loop's side ever waits for a lock that a thread may hold.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.database_thread import (
    LOOK_S,
    DatabaseThread,
    RegionFile,
    opened,
    shared,
)
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole
from orchestrator.hosts.emulated_exchange.ordering import Role, divide, superblock

ROLES: Final = {VolumeRole.LOG: Role.LOG, VolumeRole.DATABASE: Role.DATABASE}


class Store(Protocol):
    """Whatever changes databases."""

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Stop changing these databases; True once each is known to have stopped between two changes."""

    def resume(self) -> None:
        """Change every database again. Returns at once."""


class IdleStore:
    """A store in which nothing ever changes."""

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Nothing moves anyway."""
        return True

    def resume(self) -> None:
        """Nothing moves."""


class MailboxStore:
    """The threads of one server. `start` and `close` block; call them from a worker thread.

    Raises:
        BadInput: an array volume is too small for its databases, or a file is missing.
    """

    def __init__(self, options: HostOptions) -> None:
        regions = {path: files for volume in options.volumes for path, files in _regions(volume)}
        self._regions: Mapping[Path, Sequence[RegionFile]] = regions
        by_role = {
            (file.region.database, file.region.role): file for files in regions.values() for file in files
        }
        self._threads = tuple(
            DatabaseThread(
                name, by_role[name, Role.LOG], by_role[name, Role.DATABASE], 1 / options.changes_per_s
            )
            for name in options.databases
            if (name, Role.LOG) in by_role and (name, Role.DATABASE) in by_role
        )

    def start(self) -> None:
        """Lay the databases out, empty, and begin to change them."""
        for path, files in self._regions.items():
            with opened(path) as volume, opened(files[0].lock) as lock, shared(lock):
                size_bytes = os.fstat(volume).st_size
                os.ftruncate(volume, 0)
                os.ftruncate(volume, size_bytes)
                os.pwrite(volume, superblock([file.region for file in files]), 0)
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the threads."""
        for thread in self._threads:
            thread.close()
        for thread in self._threads:
            thread.join()

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Stop changing these databases."""
        asked = [(one, one.ask_to_stop()) for one in self._threads if one.database in databases]
        return await asyncio.to_thread(_all_stopped, asked, within_s)

    def resume(self) -> None:
        """Let every thread go on."""
        for thread in self._threads:
            thread.resume()


def _all_stopped(asked: Sequence[tuple[DatabaseThread, int]], within_s: float) -> bool:
    give_up_at = time.monotonic() + within_s
    while all(thread.obeys(ticket) for thread, ticket in asked) and time.monotonic() < give_up_at:
        if all(thread.has_stopped(ticket) for thread, ticket in asked):
            return True
        time.sleep(LOOK_S)
    return False


def _regions(volume: LabVolume) -> Iterator[tuple[Path, tuple[RegionFile, ...]]]:
    if volume.path is None or volume.lock is None or volume.role not in ROLES:
        return
    try:
        volume.lock.stat()
        regions = divide(volume.path.stat().st_size, ROLES[volume.role], volume.databases)
    except (ValueError, OSError) as error:
        raise BadInput("input.bad-settings", str(error), subject=volume.mount_point) from None
    yield volume.path, tuple(RegionFile(region, volume.path, volume.lock) for region in regions)
