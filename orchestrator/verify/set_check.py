"""Checks all files of a database set, and has each database judged together with the logs that it needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from orchestrator.errors import VerificationError
from orchestrator.ese.reports import Copy, DatabaseReport, HeaderPair, Judgement, StreamReport
from orchestrator.ese.verdict import judge
from orchestrator.model.verification import ContentFinding, Place, Severity, Verdict
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import FileSystem, SourceFolder
from orchestrator.verify.companions import flush_map_report, with_streaming_file
from orchestrator.verify.database_check import THREADS, check_database
from orchestrator.verify.found import FoundDatabase, SetContents, SourceFile
from orchestrator.verify.log_reading import ReadStream, read_stream
from orchestrator.verify.page_cache import walk_trees
from orchestrator.verify.resume import ResumeStore
from orchestrator.verify.set_discovery import discover, not_read, with_logs_from
from orchestrator.verify.set_report import SetReport, stream_findings

__all__ = ["CheckOptions", "SetReport", "check_folder", "check_set"]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """How thoroughly and how fast.

    Attributes:
        threads: for the pages of a database.
        logical: walk the trees of each database as well.
        store: where to keep how far it has come; it is cleared at the end.
        clock: seconds, to tell how long it took.
    """

    threads: int = THREADS
    logical: bool = False
    store: ResumeStore | None = None
    clock: Callable[[], float] = time.monotonic


DEFAULTS: Final = CheckOptions()

FILE_SYSTEM_DAMAGED: Final = "verify.file-system-damaged"


def check_folder(
    folder: SourceFolder,
    control: Control,
    options: CheckOptions = DEFAULTS,
    *,
    start: str = "",
    logs: SourceFolder | None = None,
) -> SetReport:
    """Find what lies in a folder, and check it.

    Args:
        folder: databases and logs, or databases alone.
        control: asked before each request, told after each chunk.
        options: how.
        start: where in the folder to begin.
        logs: another folder with the logs; those beside the databases then do not count.

    Raises:
        VerificationStopped: the control said so.
        VerificationError: `verify.cannot-read`; the folder cannot be read.
    """
    contents = discover(folder, control, start)
    return check_set(contents if logs is None else with_logs_from(logs, contents, control), control, options)


def check_set(contents: SetContents, control: Control, options: CheckOptions = DEFAULTS) -> SetReport:
    """Check all files of a set: logs first, for they are fewer; then its databases.

    Each file is announced with its size before the first is read. A file that cannot be read is a finding,
    and its database is then not verifiable; only a stop ends the check early.

    Raises:
        VerificationStopped: the control said so.
    """
    begun = options.clock()
    check = _SetCheck(contents, _Meter(control), options)
    report = check.report()
    if options.store:
        options.store.clear()
    return replace(report, seconds=options.clock() - begun)


class _Meter:
    """A control that counts what is read."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._lock = threading.Lock()
        self.bytes_read = 0

    def take(self, size_bytes: int) -> None:
        self._control.take(size_bytes)
        with self._lock:
            self.bytes_read += size_bytes

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        self._control.advance(what, done_bytes, total_bytes)


class Judged(NamedTuple):
    """A database, what is to be thought of it, and the logs that this rests on."""

    report: DatabaseReport
    judgement: Judgement
    stream: StreamReport | None


class _SetCheck:
    def __init__(self, contents: SetContents, meter: _Meter, options: CheckOptions) -> None:
        self.contents, self.meter, self.options = contents, meter, options

    def report(self) -> SetReport:
        for file in self._files():
            self.meter.advance(file.shown, 0, file.entry.size_bytes)
        streams = [read_stream(each, self.meter) for each in self.contents.streams]
        databases = [self._judged(each, stream_for(each, streams)) for each in self.contents.databases]
        flush_maps = [
            flush_map_report(each.flush_map, each.header, self.meter)
            for each in self.contents.databases
            if each.flush_map
        ]
        verdicts = [each.judgement.verdict for each in databases]
        verdicts = verdicts or [stream_verdict(each.report) for each in streams]
        findings = [*self.contents.findings, *self._of_file_systems()]
        if not verdicts:
            findings.append(_nothing_found())
        if any(each.code == FILE_SYSTEM_DAMAGED for each in findings):
            verdicts.append(Verdict.DAMAGED)
        if not self.contents.complete:
            verdicts.append(Verdict.NOT_VERIFIABLE)
        return SetReport(
            databases=tuple((each.report, each.judgement) for each in databases),
            streams=tuple(each.report for each in streams),
            verdict=Verdict.worst(verdicts),
            bytes_read=self.meter.bytes_read,
            seconds=0.0,
            findings=tuple(findings),
            flush_maps=tuple(flush_maps),
            streams_used=tuple(each.stream for each in databases),
        )

    def _of_file_systems(self) -> Iterator[ContentFinding]:
        """Yield what the readers of file systems have found by now: all of their files have been read."""
        for folder in {id(each.folder): each.folder for each in self._files()}.values():
            if isinstance(folder, FileSystem):
                yield from folder.findings

    def _files(self) -> Iterator[SourceFile]:
        for stream in self.contents.streams:
            yield from stream.files()
        for database in self.contents.databases:
            yield from (each for each in (database.file, database.streaming, database.flush_map) if each)

    def _judged(self, database: FoundDatabase, stream: ReadStream | None) -> Judged:
        logs = stream.report if stream else None
        try:
            report = self._checked(database)
        except VerificationError as cause:
            finding = not_read(cause, Severity.ERROR)
            unread = _unread(database, finding)
            return Judged(unread, Judgement(Verdict.NOT_VERIFIABLE, (finding,)), logs)
        judgement = judge(report, logs)
        if stream and stream.unread and judgement.verdict.failed:
            words = f"{stream.unread} log(s) of its stream could not be read: they may be good"
            not_checked = (*judgement.not_checked, words)
            judgement = replace(judgement, verdict=Verdict.NOT_VERIFIABLE, not_checked=not_checked)
        return Judged(report, judgement, logs)

    def _checked(self, database: FoundDatabase) -> DatabaseReport:
        options = self.options
        with closing(database.file.open()) as source:
            report = check_database(source, self.meter, threads=options.threads, store=options.store)
            if options.logical and report.pair.header and report.pages:
                trees = walk_trees(source, report.pair.header, self.meter, report.pages.marks)
                report = replace(report, logical=trees)
        if database.streaming:
            report = with_streaming_file(report, database.streaming, self.meter)
        return report


def stream_for(database: FoundDatabase, streams: Sequence[ReadStream]) -> ReadStream | None:
    """Return the stream that a database belongs to.

    That of its signature; of several, one beside it, then one that reaches far enough. If there is none, the
    only one that it could be: its judgement then says that the signatures differ.
    """
    beside = [
        each
        for each in streams
        if each.folder == database.file.parent and each.reader is database.file.folder
    ]
    header = database.header
    if header is None:
        return None
    own = [each for each in streams if each.report.sign_log == header.sign_log]
    if own:
        return max(
            own, key=lambda each: (each in beside, each.last >= header.committed, len(each.report.logs))
        )
    candidates = beside or streams
    return candidates[0] if len(candidates) == 1 else None


def stream_verdict(stream: StreamReport) -> Verdict:
    """Judge logs without their database: every finding against one of them counts."""
    against = any(each.severity is Severity.ERROR for each in stream_findings(stream))
    return Verdict.DAMAGED if against else Verdict.CLEAN


def _unread(database: FoundDatabase, finding: ContentFinding) -> DatabaseReport:
    pair = HeaderPair(database.header, Copy.BAD, Copy.BAD)
    return DatabaseReport(database.file.shown, database.file.entry.size_bytes, pair, None, (finding,))


def _nothing_found() -> ContentFinding:
    text = "There is no database and no log here."
    return ContentFinding("verify.nothing-found", Severity.WARNING, Place("the folder"), text)
