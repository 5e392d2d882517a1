"""Reads the pages of a database with a few threads, and adds up what is found in the order of the pages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.ese.page_layout import page_offset
from orchestrator.ese.pages import joined
from orchestrator.ese.reports import PageCounts, PagesReport
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.holes import next_data
from orchestrator.verify.page_crew import CHUNK_BYTES, Bench, Checked, PageCrew, PageRun
from orchestrator.verify.resume import Checkpointed

# Where disks are fast, this is what a thread checks before it tells anybody.
RUN_BYTES: Final = 32 << 20
# A check that is killed does so much again.
SAVED_EVERY_BYTES: Final = 256 << 20


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
                for part in results:
                    report = joined((state.report, part.report))
                    state = replace(state, next_page=part.behind, report=report)
                    if part.ended_at is not None:
                        return state, part.ended_at
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
        ahead: deque[PageRun] = deque()
        crew = PageCrew([self._bench(state.page_size) for _ in range(self.threads)])
        try:
            while True:
                while len(ahead) < 2 * self.threads and (run := next(runs, None)) is not None:
                    ahead.append(run)
                    if not run.blank:
                        crew.want(run)
                if not ahead:
                    return
                run = ahead.popleft()
                yield from self._parts(crew, run) if not run.blank else [_hole(run)]
        finally:
            crew.dismiss()

    def _parts(self, crew: PageCrew, run: PageRun) -> Iterator[Checked]:
        page = run.first
        while page < run.behind:
            part = crew.found_from(page, self.control)
            yield part
            page = part.behind

    def _bench(self, page_size: int) -> Bench:
        return Bench.of(self.source, self.control, page_size, checksums=self.checksums)

    def _runs(self, state: Checkpointed) -> Iterator[PageRun]:
        size = state.page_size
        first, behind = state.next_page, state.page_count + 1
        while first < behind:
            count = min(self._run_bytes((behind - first) * size) // size, behind - first)
            data_page = next_data(self.source, page_offset(first, size)) // size - 1
            if data_page >= first + count:
                count = min(data_page, behind) - first
                yield PageRun(first, count, blank=True)
            else:
                yield PageRun(first, count, blank=False)
            first += count

    def _run_bytes(self, left_bytes: int) -> int:
        """Return how long a run is: shorter towards the end, so that all threads end at about one time."""
        return min(max(left_bytes // (4 * self.threads), CHUNK_BYTES), RUN_BYTES) // CHUNK_BYTES * CHUNK_BYTES


def _hole(run: PageRun) -> Checked:
    return Checked(run.first, run.pages, PagesReport(PageCounts(data=run.pages, blank=run.pages)))
