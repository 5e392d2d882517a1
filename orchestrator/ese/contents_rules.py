"""What the pages, the trees and the streaming file of a database say about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, Signature
from orchestrator.ese.weighing import Weighed, against
from orchestrator.model.verification import ContentFinding, Severity, Verdict

JET_READ_VERIFY_FAILURE: Final = -1018
JET_DATABASE_CORRUPTED: Final = -1206
JET_DATABASE_STREAMING_FILE_MISMATCH: Final = -540

HEADERS: Final = 2  # at the start of a streaming file, as of a database


def contents_rules(database: DatabaseReport, header: DatabaseHeader) -> Iterator[Weighed]:
    """Judge all that was read of a database behind its header."""
    yield from _file_rules(database)
    yield from _page_rules(database)
    yield from _streaming_rules(database, header)
    wrong = [each for each in database.logical or () if each.severity is Severity.ERROR]
    if wrong:
        text = f"The trees of {database.path} do not hold together in {len(wrong):,} places: {wrong[0].text}"
        yield against(Verdict.DAMAGED, "ese.trees-broken", database.path, text, JET_DATABASE_CORRUPTED)


def _file_rules(database: DatabaseReport) -> Iterator[Weighed]:
    for finding in (*database.pair.findings, *database.findings):
        if finding.severity is not Severity.ERROR:
            continue
        if finding.code == "verify.cannot-read":  # says nothing about the contents
            yield Weighed(Verdict.NOT_VERIFIABLE, finding)
        else:
            text = f"{database.path} is not whole: {finding.text}"
            yield against(Verdict.DAMAGED, "ese.file-not-whole", database.path, text, finding.ese_error)


def _page_rules(database: DatabaseReport) -> Iterator[Weighed]:
    pages = database.pages
    if pages is None:
        return
    if pages.counts.bad:
        text = f"{pages.counts.bad:,} of {pages.counts.data:,} pages of {database.path} are beyond repair."
        yield against(Verdict.DAMAGED, "ese.pages-bad", database.path, text, JET_READ_VERIFY_FAILURE)
    if pages.counts.correctable:
        text = (
            f"In {pages.counts.correctable:,} pages of {database.path} a single bit is wrong. The engine "
            "mends them when it reads them, but the storage below has returned what nobody wrote."
        )
        yield against(Verdict.DAMAGED, "ese.pages-correctable", database.path, text)
    if not pages.counts.bad and not pages.counts.correctable:
        yield from _other_page_findings(database.path, pages.findings)


def _other_page_findings(path: str, findings: tuple[ContentFinding, ...]) -> Iterator[Weighed]:
    wrong = next((each for each in findings if each.severity is Severity.ERROR), None)
    if wrong:
        yield against(Verdict.DAMAGED, "ese.pages-bad", path, wrong.text, wrong.ese_error)


def _streaming_rules(database: DatabaseReport, header: DatabaseHeader) -> Iterator[Weighed]:
    """A database with a streaming file is mounted with just that one, or not at all (Exchange 2000, 2003)."""
    if database.streaming is None:
        if not header.sign_streaming.empty and not database.streaming_path:
            text = f"{database.path} has a streaming file (.stm), and that is not here: it cannot be mounted."
            yield _no_mount("ese.streaming-missing", database.path, text)
        return
    path, streaming = database.streaming_path, database.streaming.header
    if streaming is None:
        text = f"Neither copy of the header of {path}, the streaming file of {database.path}, can be used."
        yield _no_mount("ese.streaming-unusable", path, text)
        return
    if not _same(header.sign_db, streaming.sign_db) or not _same(
        header.sign_streaming, streaming.sign_streaming
    ):
        text = f"{path} is not the streaming file of {database.path}: their signatures differ."
        yield _no_mount("ese.streaming-mismatch", path, text)
    size = database.streaming_size_bytes
    if size < HEADERS * streaming.page_size or size % streaming.page_size:
        text = f"{path} has {size:,} bytes: it is cut off."
        yield against(Verdict.DAMAGED, "ese.streaming-cut-off", path, text)


def _same(one: Signature, other: Signature) -> bool:
    """What was not recorded cannot differ."""
    return one.empty or other.empty or one == other


def _no_mount(code: str, path: str, text: str) -> Weighed:
    return against(Verdict.UNRECOVERABLE, code, path, text, JET_DATABASE_STREAMING_FILE_MISMATCH)
