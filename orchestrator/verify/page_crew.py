"""The threads that read and check pages: each takes the next run, and what it found comes back by a queue.

Threads hand over a run some thousand times a second. Futures and thread pools cost more of the interpreter's
time for that than there is: two threads would hardly be faster than one.
"""

from __future__ import annotations

import mmap
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, TypeAlias

from orchestrator.ese.page_layout import page_offset
from orchestrator.ese.pages import PageChecker
from orchestrator.ese.reports import PagesReport
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.throttle import ASK_S

# Large enough that a request costs little; what two threads check still fits the processor's cache.
CHUNK_BYTES: Final = 4 << 20
# How long a request that hangs in a device may hold up the end of a check that was stopped.
STOP_S: Final = 0.5


class PageRun(NamedTuple):
    """Pages next to each other, and whether they are known to be part of a hole."""

    first: int
    pages: int
    blank: bool


class Checked(NamedTuple):
    """What is known of a run; `ended_at` where the file turned out to be shorter than it was."""

    run: PageRun
    report: PagesReport
    ended_at: int | None = None


Outcome: TypeAlias = tuple[PageRun, Checked | BaseException]


@dataclass(frozen=True, slots=True)
class Bench:
    """What one thread works with: a checker, and a buffer that starts at a page of memory."""

    source: BytesSource
    control: Control
    page_size: int
    checker: PageChecker
    buffer: memoryview

    @classmethod
    def of(cls, source: BytesSource, control: Control, page_size: int, *, checksums: bool) -> Bench:
        """Make one."""
        checker = PageChecker(page_size, source.name, checksums=checksums, total_bytes=source.size_bytes)
        return cls(source, control, page_size, checker, memoryview(mmap.mmap(-1, CHUNK_BYTES)))

    def check(self, run: PageRun) -> Checked:
        """Read a run and check it."""
        length, offset = run.pages * self.page_size, page_offset(run.first, self.page_size)
        self.control.take(length)
        view = self.buffer[:length]
        count = self.source.read(offset, view)
        whole = count // self.page_size
        report = self.checker.check(view[: whole * self.page_size], run.first)
        if count < length:
            return Checked(PageRun(run.first, whole, blank=False), report, offset + count)
        return Checked(run, report)


class PageCrew:
    """As many threads as there are benches."""

    def __init__(self, benches: list[Bench]) -> None:
        self._wanted: SimpleQueue[PageRun | None] = SimpleQueue()
        self._found: SimpleQueue[Outcome] = SimpleQueue()
        self._early: dict[PageRun, Checked | BaseException] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(bench,), name=f"pages-{number}", daemon=True)
            for number, bench in enumerate(benches)
        ]
        for thread in self._threads:
            thread.start()

    def want(self, run: PageRun) -> None:
        """Let a run be checked once a thread is free."""
        self._wanted.put(run)

    def result(self, run: PageRun, control: Control) -> Checked:
        """Return what was found in a run; while there is nothing, ask whether it is still wanted.

        Raises:
            VerificationStopped: the control said so.
            BaseException: whatever checking it raised.
        """
        while run not in self._early:
            try:
                other, outcome = self._found.get(timeout=ASK_S)
                self._early[other] = outcome
            except Empty:
                control.take(0)
        outcome = self._early.pop(run)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def dismiss(self) -> None:
        """End the threads, but wait for none that hangs in a device."""
        while not self._wanted.empty():
            self._wanted.get()
        for _ in self._threads:
            self._wanted.put(None)
        until = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self, bench: Bench) -> None:
        while (run := self._wanted.get()) is not None:
            try:
                self._found.put((run, bench.check(run)))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
                self._found.put((run, error))
