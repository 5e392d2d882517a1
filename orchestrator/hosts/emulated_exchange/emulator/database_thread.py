"""One database's thread: it changes the database without pause until it is asked to stop.

Each change goes to the log array volume and then to the database array volume, as real bytes, each write
under the shared lock of its own array.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.hosts.emulated_exchange.ordering import Region

LOOK_S: Final = 0.0005  # how often a stopped thread looks whether it may go on


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
            places = [
                (region, stack.enter_context(opened(path)), stack.enter_context(opened(lock)))
                for region, path, lock in self._files
            ]
            for change in count(1):
                while (ticket := self._stop_ticket) and not self._closing:
                    self._stopped_for = ticket
                    time.sleep(LOOK_S)
                if self._closing:
                    return
                for region, volume, lock in places:
                    _write(region, volume, lock, change)
                time.sleep(self._pause_s)


def _write(region: Region, volume: int, lock: int, change: int) -> None:
    with shared(lock):
        for offset, data in region.writes(change, datetime.now(UTC).timestamp()):
            os.pwrite(volume, data, offset)


@contextmanager
def shared(lock: int) -> Iterator[None]:
    """Hold an array's lock as its writers do: no cut falls into what is written meanwhile."""
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open a file for this thread alone: a lock belongs to whoever opened it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
