"""One database and its log stream: everything a change writes, in the engine's order.

The log record first. A full log is archived under its number and the next one begins; only then does the
header of the database say that the next one is needed. Pages follow their log records some generations
later, and with them the oldest generation that recovery needs. So at every instant the logs are there that
the header asks for.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeAlias

from orchestrator.ese.reports import LogPosition
from orchestrator.hosts.emulated_exchange.emulator.array_volume import ArrayVolume
from orchestrator.hosts.emulated_exchange.emulator.mailbox.checkpoint_file import checkpoint_writes
from orchestrator.hosts.emulated_exchange.emulator.mailbox.database_header import HeaderMaker, Required
from orchestrator.hosts.emulated_exchange.emulator.mailbox.database_pages import (
    ROTTEN_PAGE,
    USED_PAGES,
    DatabasePages,
)
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import ExchangeForm
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_file import LogFile
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_folder import KEPT, Home, LogFolder
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write, log_time, signature

Step: TypeAlias = tuple[ArrayVolume, tuple[Write, ...]]

PAGES_LAG: Final = 3  # generations by which pages are behind their log records
CHECKPOINT_EVERY: Final = 4  # generations


class MailboxDatabase:
    """Lays a database out on its array volumes, with logs of some past, and changes it from then on.

    Args:
        name: of the database.
        base: of its logs ("E00").
        form: which Exchange.
        database: folder of the .edb.
        logs: folder of the logs.
        flushes: how many changes a log holds.
        now: the clock of what is written into files.

    Raises:
        OSError: ENOSPC, an array volume is too small.
    """

    def __init__(
        self,
        name: str,
        base: str,
        form: ExchangeForm,
        database: Home,
        logs: Home,
        flushes: int,
        now: Callable[[], datetime],
    ) -> None:
        self._now = now
        attached = self._moment()
        self._sign_log = signature(secrets.randbits(32), attached)
        sign_db = signature(secrets.randbits(32), attached)
        self._headers = HeaderMaker(form, sign_db, self._sign_log, attached)
        self._pages = DatabasePages(form, sign_db.raw)
        self._volume = database.volume
        self._log = LogFile(form, self._sign_log, flushes, logs.host_path)
        self._logs = LogFolder(logs, base, form, self._log.size_bytes)
        self._dirty: deque[int] = deque()  # generations with changes that are not in the pages yet
        self._changes = 0
        self._required = 1  # the oldest generation that the header asks for
        self._checkpointed = 1  # the one that the checkpoint file asks for
        self._rotten = False
        self._start_logs()
        self._offset = self._start_database(database, name)
        if form.streaming:
            self._start_streaming(database, name)

    @property
    def volumes(self) -> frozenset[ArrayVolume]:
        """The array volumes that it lies on."""
        return frozenset((self._volume, self._logs.volume))

    @property
    def checkpoint(self) -> int:
        """The oldest generation that recovery needs, by what its file says: never after the header's."""
        return self._checkpointed

    @property
    def archived(self) -> tuple[int, int] | None:
        """The lowest and the highest generation of the full logs; None if there are none."""
        return self._logs.range

    def truncate(self, below: int) -> Iterator[Step]:
        """Delete the logs before a generation, but none that recovery needs."""
        self._logs.remove_below(min(below, self.checkpoint))
        yield self._logs.volume, ()

    def change(self) -> Iterator[Step]:
        """Make one change: yield what is to be written, each in one piece and in this order."""
        if self._log.full:
            yield from self._roll()
        self._changes += 1
        if self._log.generation not in self._dirty:
            self._dirty.append(self._log.generation)
        yield self._logs.volume, (self._flush(),)

    def spoil(self) -> Iterator[Step]:
        """Let a page rot; it is not written again."""
        self._rotten = True
        yield self._in_database(self._pages.rotten())

    def _roll(self) -> Iterator[Step]:
        self._archive()
        yield self._logs.volume, ()
        for header in self._new_headers():
            yield self._in_database(header)
        if len(self._dirty) >= PAGES_LAG:
            page = 1 + self._dirty.popleft() % USED_PAGES
            if not (self._rotten and page == ROTTEN_PAGE):
                yield self._in_database(self._pages.changed(page, self._changes))
        if self._log.generation % CHECKPOINT_EVERY == 0:
            for copy in self._checkpoint():
                yield self._logs.volume, (copy,)

    def _start_logs(self) -> None:
        """Write the current log and those before it."""
        with self._logs.volume.rearranging() as change:
            change.write(self._logs.current, self._next_log())
        for _ in range(KEPT):
            while not self._log.full:
                self._changes += 1
                with self._logs.volume.rearranging() as change:
                    change.write(*self._flush())
            self._archive()
        self._required = self._log.generation
        with self._logs.volume.rearranging() as change:
            for copy in self._checkpoint():
                change.write(*copy)

    def _start_database(self, home: Home, name: str) -> int:
        """Write the database, and return where it begins."""
        with home.volume.rearranging() as change:
            offset = change.files.add_file(f"{home.folder}/{name}.edb", self._pages.file_bytes).offset
            for at, data in (*self._new_headers(), *self._pages.all()):
                change.write(offset + at, data)
        return offset

    def _start_streaming(self, home: Home, name: str) -> None:
        with home.volume.rearranging() as change:
            offset = change.files.add_file(f"{home.folder}/{name}.stm", self._pages.file_bytes).offset
            for at, data in self._headers.streaming():
                change.write(offset + at, data)

    def _archive(self) -> None:
        full = self._log.generation
        self._logs.archive(full, self._next_log())

    def _next_log(self) -> bytes:
        return self._log.begin(self._moment(), self._position())

    def _flush(self) -> Write:
        at, data = self._log.flush(self._changes, self._moment())
        return self._logs.current + at, data

    def _new_headers(self) -> tuple[Write, Write]:
        self._required = self._dirty[0] if self._dirty else self._log.generation
        required = Required(self._position(), self._log.generation, self._log.created)
        return self._headers.database(required, self._changes)

    def _checkpoint(self) -> tuple[Write, ...]:
        self._checkpointed = self._required
        copies = checkpoint_writes(self._position(), self._sign_log)
        return tuple((self._logs.checkpoint + at, data) for at, data in copies)

    def _position(self) -> LogPosition:
        """From where on recovery would have to replay, as the header of the database on disk has it."""
        return LogPosition(self._required, self._log.first_sector, 0)

    def _in_database(self, write: Write) -> Step:
        return self._volume, ((self._offset + write[0], write[1]),)

    def _moment(self) -> bytes:
        return log_time(self._now())
