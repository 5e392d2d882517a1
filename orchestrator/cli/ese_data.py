"""What was found in databases and log streams, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.cli.ese_findings import finding_results
from orchestrator.cli.ese_result import (
    DatabaseResult,
    GenerationsResult,
    MarkResult,
    PagesResult,
    StreamResult,
)
from orchestrator.cli.ese_words import verdict_sentence
from orchestrator.ese.reports import DatabaseReport, Judgement, PagesReport, StreamReport
from orchestrator.ese.states import state_name
from orchestrator.model.verification import ContentFinding
from orchestrator.verify.set_report import SetReport

KEPT: Final = 1000


def database_result(
    database: DatabaseReport, judgement: Judgement, stream: StreamReport | None
) -> DatabaseResult:
    """Return a database with the verdict on it."""
    header, pages = database.pair.header, database.pages
    marks = () if pages is None else pages.marks
    return DatabaseResult(
        path=database.path,
        verdict=judgement.verdict,
        summary=verdict_sentence(database, judgement),
        size_bytes=database.size_bytes,
        page_size=None if header is None else header.page_size,
        version=None if header is None else (header.version, header.update_major, header.update_minor),
        state=None if header is None else state_name(header.state),
        header=database.pair.primary,
        shadow_header=database.pair.shadow,
        pages=None if pages is None else _pages(pages),
        marks=tuple(MarkResult(*mark) for mark in marks[:KEPT]),
        marks_left_out=max(0, len(marks) - KEPT),
        required=None if header is None else header.required,
        committed=None if header is None else header.committed,
        stream=None if stream is None else stream.base,
        findings=finding_results(database_findings(database, judgement)),
        findings_left_out=0 if pages is None else pages.findings_left_out,
        not_checked=judgement.not_checked,
    )


def database_findings(database: DatabaseReport, judgement: Judgement) -> tuple[ContentFinding, ...]:
    """Return all that was found about a database: what the verdict rests on first."""
    pages = () if database.pages is None else database.pages.findings
    found = (
        *judgement.findings,
        *database.pair.findings,
        *database.findings,
        *pages,
        *(database.logical or ()),
    )
    return tuple(dict.fromkeys(found))


def stream_result(stream: StreamReport, folder: str) -> StreamResult:
    """Return the logs of one stream."""
    position = None if stream.checkpoint is None else stream.checkpoint.position
    return StreamResult(
        base=stream.base,
        folder=folder,
        logs=len(stream.logs),
        generations=_generations(stream),
        checkpoint=None if position is None else (position.generation, position.segment, position.byte),
        findings=finding_results(stream_findings(stream)),
    )


def stream_findings(stream: StreamReport) -> tuple[ContentFinding, ...]:
    """Return all that was found about the files of a stream, and how they hang together."""
    logs = (finding for log in stream.logs for finding in log.findings)
    checkpoint = () if stream.checkpoint is None else stream.checkpoint.findings
    return tuple(dict.fromkeys((*stream.findings, *logs, *checkpoint)))


def stream_of(database: DatabaseReport, report: SetReport) -> StreamReport | None:
    """Return the logs that a database belongs to, by signature."""
    header = database.pair.header
    if header is None:
        return None
    return next((stream for stream in report.streams if stream.sign_log == header.sign_log), None)


def set_findings(report: SetReport) -> tuple[ContentFinding, ...]:
    """Return what belongs to no single database or stream."""
    maps = (finding for flush_map in report.flush_maps for finding in flush_map.findings)
    return (*report.findings, *maps)


def missing_between(there: Sequence[int]) -> list[int]:
    """Return the first generations that are not there between the lowest and the highest."""
    missing: list[int] = []
    for before, after in zip(sorted(there), sorted(there)[1:], strict=False):
        missing += range(before + 1, min(after, before + 1 + KEPT - len(missing)))
    return missing


def _generations(stream: StreamReport) -> GenerationsResult:
    there = [log.header.generation for log in stream.logs if log.header is not None]
    current = stream.current
    return GenerationsResult(
        first=min(there, default=None),
        last=max(there, default=None),
        current=None if current is None or current.header is None else current.header.generation,
        missing=tuple(missing_between(there)),
    )


def _pages(pages: PagesReport) -> PagesResult:
    counts = pages.counts
    return PagesResult(
        data=counts.data,
        new=counts.new,
        old=counts.old,
        blank=counts.blank,
        bad=counts.bad,
        correctable=counts.correctable,
        unchecked=counts.unchecked,
        highest_dbtime=pages.highest_dbtime,
        highest_dbtime_page=pages.highest_dbtime_page,
    )
