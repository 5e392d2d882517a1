"""Checks the pages of a database, a run of them at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.kernel import Kernel
from orchestrator.ese.kernel_choice import new_kernel
from orchestrator.ese.page_findings import kept, page_finding
from orchestrator.ese.page_judgement import judge
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.page_marks import BAD, CORRECTABLE, Mark, joined_marks
from orchestrator.ese.reports import PageCounts, PagesReport
from orchestrator.model.verification import ContentFinding, Severity


class PageChecker:
    """Checks pages of one file, for one thread: it keeps buffers of its own (2 MiB at most).

    Args:
        page_size: of the database, as its header says.
        file: how findings call it.
        checksums: False for a temporary database (state JustCreated, or its file type): its pages bear none.
        total_bytes: how much is going to be checked in all; decides which kernel is worth its start.
        kernel: one to be used instead.

    Raises:
        ValueError: no engine has pages of that size.
    """

    def __init__(
        self,
        page_size: int,
        file: str,
        *,
        checksums: bool = True,
        total_bytes: int = 0,
        kernel: Kernel | None = None,
    ) -> None:
        if page_size not in PAGE_SIZES:
            raise ValueError(f"no engine has pages of {page_size} bytes")
        self._page_size, self._file, self._checksums = page_size, file, checksums
        self._kernel = kernel or new_kernel(page_size, total_bytes)

    def check(self, buffer: Buffer, first_page: int) -> PagesReport:
        """Check whole pages; what is behind the last whole one is not looked at.

        Args:
            buffer: the pages, next to each other; only read, and not kept.
            first_page: number of the first of them: 1 for the first page after the two headers.
        """
        count = len(memoryview(buffer)) // self._page_size
        sifted = self._kernel.sift(buffer, first_page)
        if not self._checksums:
            return PagesReport(PageCounts(count, blank=sifted.blank, unchecked=count - sifted.blank))
        findings = list(self._look(buffer, first_page, sifted.suspects))
        marks = [_mark(finding) for finding in findings]
        bad = sum(kind == BAD for _, _, kind in marks)
        few = kept(findings)
        return PagesReport(
            PageCounts(count, sifted.new, sifted.old, sifted.blank, bad, len(findings) - bad),
            sifted.highest_dbtime,
            sifted.highest_dbtime_page,
            few,
            len(findings) - len(few),
            joined_marks(marks),
        )

    def _look(self, buffer: Buffer, first_page: int, suspects: Iterable[int]) -> Iterator[ContentFinding]:
        view = memoryview(buffer)
        for index in suspects:
            page = bytes(view[index * self._page_size : (index + 1) * self._page_size])
            number = first_page + index
            yield page_finding(self._file, page, number, judge(page, number))


def joined(reports: Iterable[PagesReport]) -> PagesReport:
    """Add up reports of one file, in the order of its pages. The first of equal highest dbtimes counts."""
    whole = PagesReport()
    for report in reports:
        higher = max((whole, report), key=lambda each: each.highest_dbtime)
        findings = (*whole.findings, *report.findings)
        few = kept(findings)
        whole = PagesReport(
            whole.counts + report.counts,
            higher.highest_dbtime,
            higher.highest_dbtime_page,
            few,
            whole.findings_left_out + report.findings_left_out + len(findings) - len(few),
            joined_marks((*whole.marks, *report.marks)),
        )
    return whole


def _mark(finding: ContentFinding) -> Mark:
    page = finding.place.number or 0
    return page, page, BAD if finding.severity is Severity.ERROR else CORRECTABLE
