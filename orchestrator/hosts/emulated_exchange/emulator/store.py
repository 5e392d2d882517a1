"""The mailbox store: what changes the server's databases, and can be stopped.

Nothing on the event loop's side ever waits for a lock that a thread may hold.
"""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.array_volume import ArrayVolume
from orchestrator.hosts.emulated_exchange.emulator.database_thread import LOOK_S, DatabaseThread
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FORMS
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_folder import Home
from orchestrator.hosts.emulated_exchange.emulator.mailbox.mailbox_database import MailboxDatabase
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabVolume, VolumeRole
from orchestrator.model.hosts import LogRange

TRUNCATE_S: Final = 10.0  # a thread that stands still in another set does it when that has thawed

# Generations of a database in which nothing changes.
IDLE_CHECKPOINT: Final = 8
IDLE_LAST: Final = 10


class Store(Protocol):
    """Whatever changes databases."""

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Stop changing these databases; True once each is known to have stopped between two changes."""

    def resume(self) -> None:
        """Change every database again. Returns at once."""

    def spoil(self) -> None:
        """Let a page of the first database rot, before it next stops. Returns at once."""

    def checkpoint(self, database: str) -> int:
        """Return the oldest log generation that recovery needs; 0 if the database has no logs."""

    def logs(self, database: str) -> LogRange:
        """Return which full logs a database has."""

    async def truncate(self, below: Mapping[str, int]) -> None:
        """Delete the logs of some databases before a generation each, but none that recovery needs."""


@dataclass
class IdleStore:
    """A store in which nothing ever changes but that each database's logs can be deleted once."""

    _lowest: dict[str, int] = field(default_factory=dict, init=False)

    async def stop(self, databases: Collection[str], within_s: float) -> bool:
        """Nothing moves anyway."""
        return True

    def resume(self) -> None:
        """Nothing moves."""

    def spoil(self) -> None:
        """There is no page."""

    def checkpoint(self, database: str) -> int:
        """Recovery needs the last few."""
        return IDLE_CHECKPOINT

    def logs(self, database: str) -> LogRange:
        """All since the beginning, until they are truncated."""
        return LogRange(database, self._lowest.get(database, 1), IDLE_LAST)

    async def truncate(self, below: Mapping[str, int]) -> None:
        """Delete them."""
        self._lowest.update(below)


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

    def checkpoint(self, database: str) -> int:
        """Ask the thread."""
        thread = self._thread_of(database)
        return 0 if thread is None else thread.checkpoint

    def logs(self, database: str) -> LogRange:
        """Ask the thread."""
        thread = self._thread_of(database)
        lowest, highest = (None, None) if thread is None else thread.archived or (None, None)
        return LogRange(database, lowest, highest)

    async def truncate(self, below: Mapping[str, int]) -> None:
        """Let the threads delete them, each between two changes."""
        asked = [one for one in self._threads if below.get(one.database)]
        for thread in asked:
            thread.truncate(below[thread.database])
        await asyncio.to_thread(_wait_for_truncation, asked)

    def _thread_of(self, database: str) -> DatabaseThread | None:
        return next((one for one in self._threads if one.database == database), None)

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
                FORMS[self._options.form],
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


def _wait_for_truncation(asked: Sequence[DatabaseThread]) -> None:
    give_up_at = time.monotonic() + TRUNCATE_S
    while any(thread.truncates for thread in asked) and time.monotonic() < give_up_at:
        time.sleep(LOOK_S)


def _all_stopped(asked: Sequence[tuple[DatabaseThread, int]], within_s: float) -> bool:
    give_up_at = time.monotonic() + within_s
    while all(thread.obeys(ticket) for thread, ticket in asked) and time.monotonic() < give_up_at:
        if all(thread.has_stopped(ticket) for thread, ticket in asked):
            return True
        time.sleep(LOOK_S)
    return False
