"""The answer of `quiesce ese check` as people read it: plain words first, then the details."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.cli.ese_data import database_findings, set_findings, stream_findings
from orchestrator.cli.ese_findings import findings_lines, named_shortly, text_of
from orchestrator.cli.ese_map_text import map_text
from orchestrator.cli.ese_streams import folder_of, stream_heading
from orchestrator.cli.ese_words import NEXT, generations, size_text, verdict_sentence
from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, PageCounts
from orchestrator.ese.states import state_name
from orchestrator.ese.versions import version_text
from orchestrator.verify.set_report import SetReport

KINDS: Final = ("blank", "correctable", "bad", "unchecked")


def report_text(report: SetReport) -> str:
    """Return the whole answer: the verdict on each database first."""
    lines: list[str] = []
    if [judgement.verdict for _, judgement in report.databases] != [report.verdict]:
        lines.append(f"{report.verdict}: {_whole(report)}")
    for database, judgement in report.databases:
        lines += [
            f"{judgement.verdict}: {database.path}",
            f"  {verdict_sentence(database, judgement)}",
            f"  next: {NEXT[judgement.verdict]}",
            *(f"  {line}" for line in database_lines(database)),
            *(f"  not checked: {named_shortly(reason, database.path)}" for reason in judgement.not_checked),
            *(f"  {line}" for line in findings_lines(database_findings(database, judgement), database.path)),
        ]
    for stream in report.streams:
        lines += [
            stream_heading(stream),
            *(f"  {line}" for line in findings_lines(stream_findings(stream), f"{folder_of(stream)}/")),
        ]
    lines += findings_lines(set_findings(report))
    speed = report.bytes_per_s
    rate = "" if speed is None else f" ({speed / 1e6:,.0f} MB/s)"
    return text_of([*lines, f"read {size_text(report.bytes_read)} in {report.seconds:.1f} s{rate}"])


def _whole(report: SetReport) -> str:
    count = len(report.databases)
    if count == 0:
        return "no database here; these are the logs" if report.streams else "nothing to check here"
    return f"{count} databases; each is told below" if count > 1 else "not everything could be looked at"


def database_lines(database: DatabaseReport) -> Iterator[str]:
    """Yield what is known of a database file: header, logs that it needs, pages, map."""
    pair = database.pair
    yield f"size      {size_text(database.size_bytes)}"
    yield f"header    first copy {pair.primary}, second copy {pair.shadow}"
    if (header := pair.header) is not None:
        version = version_text(header.version, header.update_major, header.update_minor)
        page_size = size_text(header.page_size)
        yield f"state     {state_name(header.state)}, version {version}, pages of {page_size}"
        yield f"needs     {_needs(header)}"
    if database.pages is None:
        yield "pages     not read"
        return
    yield f"pages     {pages_text(database.pages.counts)}"
    if database.pages.highest_dbtime:
        at = database.pages.highest_dbtime_page
        yield f"dbtime    {database.pages.highest_dbtime:,} at most, on page {at:,}; proves nothing"
    if database.pages.marks:
        yield "map:"
        yield from (f"  {line}" for line in map_text(database.pages.counts.data, database.pages.marks))


def _needs(header: DatabaseHeader) -> str:
    if not header.required[1]:
        return "no logs"
    return f"{generations(*header.required)}; committed up to 0x{header.committed:X}"


def pages_text(counts: PageCounts) -> str:
    """Return the counts of pages as a phrase; those that are zero are left out."""
    good = f"{counts.new + counts.old:,} good"
    if counts.old:
        good += f" ({counts.old:,} in the old format)"
    kinds = [good, *(f"{getattr(counts, kind):,} {kind}" for kind in KINDS if getattr(counts, kind))]
    return f"{', '.join(kinds)}; {counts.data:,} in all"
