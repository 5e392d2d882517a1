"""Reads the pages of a database with a few threads, and adds up what is found in the order of the pages."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Final, NamedTuple

from orchestrator.ese.page_layout import page_offset
from orchestrator.ese.pages import PageChecker, joined
from orchestrator.ese.reports import PageCounts, PagesReport
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.holes import next_data
from orchestrator.verify.resume import Checkpointed
from orchestrator.verify.throttle import ASK_S

# Large enough that a request costs little; what two threads check still fits the processor's cache.
CHUNK_BYTES: Final = 4 << 20
# A check that is killed does so much again.
SAVED_EVERY_BYTES: Final = 256 << 20
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


@dataclass(frozen=True, slots=True)
class PageReading:
    """What is to be read, and how.

    Attributes:
        checksums: whether the pages bear any.
        threads: each reads and checks a chunk of its own.
    """

    source: BytesSource
    control: Control
    checksums: bool
    threads: int

    def go_on(
        self, state: Checkpointed, save: Callable[[Checkpointed], None]
    ) -> tuple[Checkpointed, int | None]:
        """Check all pages from some state on; return the last state, and where the file ended if too early.

        Raises:
            VerificationStopped: the control said so; the state until then has been saved.
            VerificationError: `verify.cannot-read`; likewise.
        """
        saved_page = state.next_page
        try:
            with closing(self._checked(state)) as results:
                for run, report, ended_at in results:
                    state = replace(
                        state, next_page=run.first + run.pages, report=joined((state.report, report))
                    )
                    if ended_at is not None:
                        return state, ended_at
                    self._tell(state)
                    if (state.next_page - saved_page) * state.page_size >= SAVED_EVERY_BYTES:
                        save(state)
                        saved_page = state.next_page
        except BaseException:
            save(state)
            raise
        return state, None

    def _tell(self, state: Checkpointed) -> None:
        done_bytes = page_offset(state.next_page, state.page_size)
        self.control.advance(self.source.name, done_bytes, self.source.size_bytes)

    def _checked(self, state: Checkpointed) -> Generator[Checked, None, None]:
        """Yield what is found, in the order of the pages; never more than some chunks ahead of it."""
        runs = self._runs(state)
        benches = _Benches(self, state.page_size)
        ahead: deque[Future[Checked]] = deque()
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="pages")
        try:
            while True:
                while len(ahead) < 2 * self.threads and (run := next(runs, None)) is not None:
                    ahead.append(_done(run) if run.blank else pool.submit(benches.check, run))
                if not ahead:
                    return
                yield self._patiently(ahead[0])
                ahead.popleft()
        finally:
            for future in ahead:
                future.cancel()
            wait(ahead, timeout=STOP_S)
            pool.shutdown(wait=False)  # not even for a request that hangs in a device

    def _patiently(self, future: Future[Checked]) -> Checked:
        """Wait for a result; while there is none, ask whether it is still wanted. What is done is kept."""
        while not future.done():
            try:
                future.exception(timeout=ASK_S)
            except TimeoutError:
                self.control.take(0)
        return future.result()

    def _runs(self, state: Checkpointed) -> Iterator[PageRun]:
        size = state.page_size
        first, behind = state.next_page, state.page_count + 1
        while first < behind:
            count = min(CHUNK_BYTES // size, behind - first)
            data_page = next_data(self.source, page_offset(first, size)) // size - 1
            if data_page >= first + count:
                count = min(data_page, behind) - first
                yield PageRun(first, count, blank=True)
            else:
                yield PageRun(first, count, blank=False)
            first += count


class _Bench:
    """What one thread works with: a checker, and a buffer that starts at a page of memory."""

    def __init__(self, reading: PageReading, page_size: int) -> None:
        self.page_size = page_size
        self.source, self.control = reading.source, reading.control
        self.checker = PageChecker(
            page_size,
            reading.source.name,
            checksums=reading.checksums,
            total_bytes=reading.source.size_bytes,
        )
        self.buffer = mmap.mmap(-1, CHUNK_BYTES)

    def check(self, run: PageRun) -> Checked:
        """Read a run and check it."""
        length, offset = run.pages * self.page_size, page_offset(run.first, self.page_size)
        self.control.take(length)
        view = memoryview(self.buffer)[:length]
        count = self.source.read(offset, view)
        whole = count // self.page_size
        report = self.checker.check(view[: whole * self.page_size], run.first)
        if count < length:
            return Checked(PageRun(run.first, whole, blank=False), report, offset + count)
        return Checked(run, report)


class _Benches:
    """As many benches as there are threads; each is in one thread's hands at a time."""

    def __init__(self, reading: PageReading, page_size: int) -> None:
        self._free: SimpleQueue[_Bench] = SimpleQueue()
        for _ in range(reading.threads):
            self._free.put(_Bench(reading, page_size))

    def check(self, run: PageRun) -> Checked:
        bench = self._free.get()
        try:
            return bench.check(run)
        finally:
            self._free.put(bench)


def _done(run: PageRun) -> Future[Checked]:
    future: Future[Checked] = Future()
    future.set_result(Checked(run, PagesReport(PageCounts(data=run.pages, blank=run.pages))))
    return future
