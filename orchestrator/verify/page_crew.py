"""The threads that read and check pages: each takes the next run, and what it found comes back by a queue.

A fast disk gives some thousand chunks a second. If each were handed over by itself, or by futures, the
threads would wait for the interpreter, and for each other's waking up: two would hardly be faster than one.
"""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, TypeAlias

from orchestrator.ese.page_layout import page_offset
from orchestrator.ese.pages import PageChecker, joined
from orchestrator.ese.reports import PagesReport
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.throttle import ASK_S

# Large enough that a request costs little; what two threads check still fits the processor's cache.
CHUNK_BYTES: Final = 4 << 20
# A thread keeps for so long what it has found: a slow disk shows its progress with every chunk.
HAND_OVER_S: Final = 0.02
# How long a request that hangs in a device may hold up the end of a check that was stopped.
STOP_S: Final = 0.5


class PageRun(NamedTuple):
    """Pages next to each other, and whether they are known to be part of a hole."""

    first: int
    pages: int
    blank: bool

    @property
    def behind(self) -> int:
        """The first page behind them."""
        return self.first + self.pages


class Checked(NamedTuple):
    """What is known of some pages; `ended_at` where the file turned out to be shorter than it was."""

    first: int
    pages: int
    report: PagesReport
    ended_at: int | None = None

    @property
    def behind(self) -> int:
        """The first page behind them."""
        return self.first + self.pages


Outcome: TypeAlias = tuple[int, Checked | BaseException]


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

    def check(self, first: int, behind: int) -> Checked:
        """Read and check pages from the first on, as many as the buffer holds."""
        length, offset = (
            min((behind - first) * self.page_size, len(self.buffer)),
            page_offset(first, self.page_size),
        )
        self.control.take(length)
        view = self.buffer[:length]
        count = self.source.read(offset, view)
        whole = count // self.page_size
        report = self.checker.check(view[: whole * self.page_size], first)
        return Checked(first, whole, report, offset + count if count < length else None)


class PageCrew:
    """As many threads as there are benches."""

    def __init__(self, benches: list[Bench]) -> None:
        self._wanted: SimpleQueue[PageRun | None] = SimpleQueue()
        self._found: SimpleQueue[Outcome] = SimpleQueue()
        self._dismissed = False
        self._early: dict[int, Checked | BaseException] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(bench,), name=f"pages-{number}", daemon=True)
            for number, bench in enumerate(benches)
        ]
        for thread in self._threads:
            thread.start()

    def want(self, run: PageRun) -> None:
        """Let a run be checked once a thread is free."""
        self._wanted.put(run)

    def found_from(self, page: int, control: Control) -> Checked:
        """Return what was found from a page on; while there is nothing, ask whether it is still wanted.

        Raises:
            VerificationStopped: the control said so.
            BaseException: whatever checking that page raised.
        """
        while page not in self._early:
            try:
                first, outcome = self._found.get(timeout=ASK_S)
                self._early[first] = outcome
            except Empty:
                control.take(0)
        outcome = self._early.pop(page)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def dismiss(self) -> None:
        """End the threads, but wait for none that hangs in a device."""
        self._dismissed = True
        while not self._wanted.empty():
            self._wanted.get()
        for _ in self._threads:
            self._wanted.put(None)
        until = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self, bench: Bench) -> None:
        while (run := self._wanted.get()) is not None:
            page = run.first
            try:
                for part in self._parts(bench, run):
                    self._found.put((part.first, part))
                    page = part.behind
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
                self._found.put((page, error))

    def _parts(self, bench: Bench, run: PageRun) -> Iterator[Checked]:
        """Check a run; yield what was found whenever that is worth a look."""
        first = page = run.first
        reports, told = list[PagesReport](), time.monotonic()
        while page < run.behind and not self._dismissed:
            chunk = bench.check(page, run.behind)
            page = chunk.behind
            reports.append(chunk.report)
            last = page == run.behind or chunk.ended_at is not None
            if last or time.monotonic() - told >= HAND_OVER_S:
                yield Checked(first, page - first, joined(reports), chunk.ended_at)
                first, reports, told = page, [], time.monotonic()
            if chunk.ended_at is not None:
                return
