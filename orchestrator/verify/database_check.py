"""Checks one database: both headers, then every page. What it holds is a finding, whatever that is."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from orchestrator.ese.database_header import START_SIZE, read_header_pair
from orchestrator.ese.page_judgement import is_trailer
from orchestrator.ese.page_layout import HEADER_PAGES, page_offset
from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, DatabaseState, FileType
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.file_length import length_findings
from orchestrator.verify.page_reading import PageReading
from orchestrator.verify.resume import Checkpointed, FileIdentity, ResumeStore
from orchestrator.verify.source_parts import read_part

THREADS: Final = 2


def check_database(
    source: BytesSource, control: Control, *, threads: int = THREADS, store: ResumeStore | None = None
) -> DatabaseReport:
    """Read a whole database. Memory stays the same whatever its size.

    With a store, a check that was stopped goes on where it was, and ends with the report of one in one go.

    Args:
        source: the database, or a streaming file (.stm): only its headers can be checked; stays open.
        control: asked before each request, told after each chunk.
        threads: how many read and check at the same time.
        store: where to keep how far it has come; the caller clears it when all is done.

    Raises:
        VerificationStopped: the control said so.
        VerificationError: `verify.cannot-read`; the file cannot be read, so nothing is known of it.
    """
    start = read_part(source, control, 0, START_SIZE)
    pair = read_header_pair(start, source.name)
    report = DatabaseReport(source.name, source.size_bytes, pair, None)
    if pair.header is None:
        return replace(report, findings=_emptiness(source))
    if pair.header.streaming:
        return replace(report, findings=(*_partial_page(source, pair.header), _streaming_pages(source)))
    return _Pages(source, control, threads, store).checked(report, pair.header, start)


def is_temporary(header: DatabaseHeader) -> bool:
    """Pages of a temporary database, and of one that is just being made, bear no checksums."""
    return header.state == DatabaseState.JUST_CREATED or header.file_type == FileType.TEMPORARY_DATABASE


class _Pages:
    """The pages of one database, once its header is known."""

    def __init__(
        self, source: BytesSource, control: Control, threads: int, store: ResumeStore | None
    ) -> None:
        self.source, self.control = source, control
        self.threads, self.store = threads, store

    def checked(self, report: DatabaseReport, header: DatabaseHeader, start: bytes) -> DatabaseReport:
        """Return the report with all that its pages hold."""
        size = header.page_size
        page_count = max(0, self.source.size_bytes // size - HEADER_PAGES)
        findings = list(_partial_page(self.source, header))
        if self._ends_with_trailer(page_count, size):
            findings.append(_trailer(self.source, page_count))
            page_count -= 1
        if not is_temporary(header):
            findings += length_findings(self.source, header, self.control)
        state = Checkpointed(FileIdentity.of(self.source, start), size, page_count)
        if self.store and (text := self.store.load(self.source.name)):
            earlier = state.continued_from(text)
            state = earlier or state
            findings += () if earlier else (_started_anew(self.source),)
        reading = PageReading(self.source, self.control, not is_temporary(header), self.threads)
        state, ended_at = reading.go_on(state, self._save)
        if ended_at is not None:
            findings.append(_shrank(self.source, ended_at))
        else:
            self._save(state)
        return replace(report, pages=state.report, findings=tuple(findings))

    def _save(self, state: Checkpointed) -> None:
        if self.store:
            self.store.save(self.source.name, state.text())

    def _ends_with_trailer(self, page_count: int, size: int) -> bool:
        """Streaming backups wrote a patch header behind the last page: its checksum is that of a header."""
        if page_count == 0:
            return False
        page = read_part(self.source, self.control, page_offset(page_count, size), size)
        return len(page) == size and is_trailer(page)


def _emptiness(source: BytesSource) -> tuple[ContentFinding, ...]:
    if source.size_bytes:
        return ()
    return (_finding(source, "verify.empty-file", Severity.ERROR, "The file is empty."),)


def _partial_page(source: BytesSource, header: DatabaseHeader) -> tuple[ContentFinding, ...]:
    whole, rest = divmod(source.size_bytes, header.page_size)
    if rest == 0 and whole >= HEADER_PAGES:
        return ()
    text = f"The file ends in the middle of a page: {rest:,} of {header.page_size:,} bytes are there."
    if whole < HEADER_PAGES:
        text = f"The file ends within its two headers: it has {source.size_bytes:,} bytes."
    place = (
        Place(source.name, "page", whole - HEADER_PAGES + 1, whole * header.page_size)
        if whole >= HEADER_PAGES
        else None
    )
    return (_finding(source, "verify.partial-page", Severity.ERROR, text, place),)


def _streaming_pages(source: BytesSource) -> ContentFinding:
    text = "The checksums of a streaming file lie in its database: only its headers were checked."
    return _finding(source, "verify.streaming-not-checked", Severity.INFO, text)


def _trailer(source: BytesSource, page: int) -> ContentFinding:
    text = "The last page is the trailer that a streaming backup leaves, not a page of data."
    return _finding(source, "verify.trailer-page", Severity.INFO, text, Place(source.name, "page", page))


def _started_anew(source: BytesSource) -> ContentFinding:
    text = "What the resume file says of this file does not fit it any more: it was read from its start."
    return _finding(source, "verify.resume-not-used", Severity.INFO, text)


def _shrank(source: BytesSource, ended_at: int) -> ContentFinding:
    text = f"The file shrank while it was read: from {source.size_bytes:,} bytes to {ended_at:,} at most."
    return _finding(source, "verify.shrank", Severity.ERROR, text, Place(source.name, byte=ended_at))


def _finding(
    source: BytesSource, code: str, severity: Severity, text: str, place: Place | None = None
) -> ContentFinding:
    return ContentFinding(code, severity, place or Place(source.name), text)
