"""The mailbox store: what changes the server's databases, and can be stopped.

Nothing on the event loop's side ever waits for a lock that a thread may hold.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.array_volume import ArrayVolume
from orchestrator.hosts.emulated_exchange.emulator.database_thread import LOOK_S, DatabaseThread
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FORMS
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_folder import Home
from orchestrator.hosts.emulated_exchange.emulator.mailbox.mailbox_database import MailboxDatabase
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole


class Store(Protocol):
    """Whatever changes databases."""

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Stop changing these databases; True once each is known to have stopped between two changes."""

    def resume(self) -> None:
        """Change every database again. Returns at once."""

    def spoil(self) -> None:
        """Let a page of the first database rot, before it next stops. Returns at once."""


class IdleStore:
    """A store in which nothing ever changes."""

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Nothing moves anyway."""
        return True

    def resume(self) -> None:
        """Nothing moves."""

    def spoil(self) -> None:
        """There is no page."""


class MailboxStore:
    """The threads of one server. `start` and `close` block; call them from a worker thread.

    Raises:
        BadInput: an array volume is too small for its databases, or a file is missing.
    """

    def __init__(self, options: HostOptions) -> None:
        self._options = options
        self._volumes: dict[Path, ArrayVolume] = {}
        self._folders: set[tuple[Path, str]] = set()
        threads = (self._thread(name) for name in options.databases)
        self._threads = tuple(thread for thread in threads if thread is not None)

    def start(self) -> None:
        """Format the array volumes, with databases as they are after some time, and begin to change them."""
        for volume in self._volumes.values():
            with volume.opened() as handle:
                volume.start(handle)
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

    def spoil(self) -> None:
        """Let a page of the first database rot."""
        for thread in self._threads[:1]:
            thread.spoil()

    def _thread(self, name: str) -> DatabaseThread | None:
        """Lay a database out and give it a thread; None if the array volumes have no bytes."""
        places = [self._options.volume_of(name, role) for role in (VolumeRole.DATABASE, VolumeRole.LOG)]
        homes = [home for place in places if place is not None and (home := self._home(place, name))]
        if len(homes) < len(places):
            return None
        database, logs = homes
        try:
            contents = MailboxDatabase(
                name,
                self._options.log_base(name),
                FORMS[self._options.exchange],
                database,
                logs,
                self._options.changes_per_log,
                _utc_now,
            )
        except OSError as error:
            raise _unfit(error, name) from None
        return DatabaseThread(name, contents, 1 / self._options.changes_per_s)

    def _home(self, place: LabVolume, database: str) -> Home | None:
        """Make the folder of a database on an array volume, once."""
        if place.path is None or place.lock is None:
            return None
        try:
            if place.path not in self._volumes:
                self._volumes[place.path] = ArrayVolume(place.path, place.lock)
            volume = self._volumes[place.path]
            if (place.path, database) not in self._folders:
                self._folders.add((place.path, database))
                with volume.rearranging() as change:
                    change.files.make_folder(database)
        except OSError as error:
            raise _unfit(error, place.mount_point) from None
        return Home(volume, database, place.mount_point + database)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _unfit(error: OSError, subject: str) -> BadInput:
    full = error.errno == errno.ENOSPC
    what = f"the array volume has too few bytes for its databases: {error.strerror}" if full else str(error)
    return BadInput("input.bad-settings", what, subject=subject)


def _all_stopped(asked: Sequence[tuple[DatabaseThread, int]], within_s: float) -> bool:
    give_up_at = time.monotonic() + within_s
    while all(thread.obeys(ticket) for thread, ticket in asked) and time.monotonic() < give_up_at:
        if all(thread.has_stopped(ticket) for thread, ticket in asked):
            return True
        time.sleep(LOOK_S)
    return False
