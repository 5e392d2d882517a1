"""The mailbox store: one thread a database, which changes it without pause until it is stopped.

Each change goes to the log array volume and then to the database array volume, as real bytes, each write
under the shared lock of its own array. Between two changes a thread looks whether it is to stop; nothing on
the event loop's side ever waits for a lock.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole
from orchestrator.hosts.emulated_exchange.ordering import Region, Role, divide, superblock

ROLES: Final = {VolumeRole.LOG: Role.LOG, VolumeRole.DATABASE: Role.DATABASE}
LOOK_S: Final = 0.0005  # how often a stopped thread looks whether it may go on


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


class RegionFile(NamedTuple):
    """A region of a database, the file it lies in and the lock of its array."""

    region: Region
    path: Path
    lock: Path


class DatabaseThread(threading.Thread):
    """Changes one database. Only `join` ever waits for it."""

    def __init__(self, name: str, log: RegionFile, database: RegionFile, pause_s: float) -> None:
        super().__init__(name=f"mailbox-store-{name}", daemon=True)
        self.database = name
        self._files = (log, database)
        self._pause_s = pause_s
        self._tickets = count(1)
        self._stop_ticket = 0  # of the request that keeps it stopped; 0: it may run
        self._stopped_for = 0  # the last request that it obeyed
        self._closing = False

    def ask_to_stop(self) -> int:
        """Ask it to stop before its next change, and return the ticket of this request."""
        self._stop_ticket = next(self._tickets)
        return self._stop_ticket

    def obeys(self, ticket: int) -> bool:
        """Tell whether it lives, and nothing has overruled this request."""
        return self.is_alive() and self._stop_ticket == ticket

    def has_stopped(self, ticket: int) -> bool:
        """Tell whether it has stopped for this request."""
        return self._stopped_for == ticket

    def resume(self) -> None:
        """Let it go on."""
        self._stop_ticket = 0

    def close(self) -> None:
        """Let it end."""
        self._closing = True

    def run(self) -> None:
        """Change the database. It ends when its array volumes are gone, as a store dismounts then."""
        with suppress(OSError), ExitStack() as stack:
            opened = [(file.region, *(stack.enter_context(_opened(p)) for p in file[1:])) for file in self._files]
            for change in count(1):
                while ticket := self._stop_ticket:
                    self._stopped_for = ticket
                    time.sleep(LOOK_S)
                    if self._closing:
                        return
                if self._closing:
                    return
                for region, volume, lock in opened:
                    _write(region, volume, lock, change)
                time.sleep(self._pause_s)


class MailboxStore:
    """The threads of one server. `start` and `close` block; call them from a worker thread.

    Raises:
        BadInput: an array volume is too small for its databases.
    """

    def __init__(self, options: HostOptions) -> None:
        regions = {path: files for volume in options.volumes for path, files in _regions(volume)}
        self._regions: Mapping[Path, Sequence[RegionFile]] = regions
        by_role = {(file.region.database, file.region.role): file for files in regions.values() for file in files}
        self._threads = tuple(
            DatabaseThread(name, by_role[name, Role.LOG], by_role[name, Role.DATABASE], 1 / options.changes_per_s)
            for name in options.databases
            if (name, Role.LOG) in by_role and (name, Role.DATABASE) in by_role
        )

    def start(self) -> None:
        """Lay the databases out, empty, and begin to change them."""
        for path, files in self._regions.items():
            with _opened(path) as volume, _opened(files[0].lock) as lock, _shared(lock):
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
        regions = divide(volume.path.stat().st_size, ROLES[volume.role], volume.databases)
    except (ValueError, OSError) as error:
        raise BadInput("input.bad-settings", str(error), subject=volume.mount_point) from None
    yield volume.path, tuple(RegionFile(region, volume.path, volume.lock) for region in regions)


def _write(region: Region, volume: int, lock: int, change: int) -> None:
    with _shared(lock):
        for offset, data in region.writes(change, datetime.now(UTC).timestamp()):
            os.pwrite(volume, data, offset)


@contextmanager
def _shared(lock: int) -> Iterator[None]:
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file for this thread alone: a lock belongs to whoever opened it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
