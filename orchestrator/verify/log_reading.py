"""Reads the logs of a stream, each as a whole, and has them checked."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.log_file import check_log
from orchestrator.ese.log_names import LogKind
from orchestrator.ese.log_stream import check_stream
from orchestrator.ese.reports import BodyState, CheckpointReport, LogReport, StreamReport
from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import SourceFolder
from orchestrator.verify.found import FoundLog, FoundStream, SourceFile
from orchestrator.verify.set_discovery import not_read
from orchestrator.verify.source_parts import read_part

# Exchange has logs of 1 MB, or 5 MB before 2007. A file that calls itself a log may be of any size.
MAX_LOG_BYTES: Final = 64 << 20
CHECKPOINT_BYTES: Final = 8192
# What headers say for people is kept for a small stream only: that of 50,000 logs would fill the memory.
MANY_LOGS: Final = 256


@dataclass(frozen=True, slots=True)
class ReadStream:
    """A stream that was read.

    Attributes:
        reader: that it came from.
        folder: inside that reader.
        unread: how many of its logs could not be read.
    """

    report: StreamReport
    reader: SourceFolder
    folder: str
    unread: int

    @property
    def last(self) -> int:
        """The highest generation there is."""
        return max((log.header.generation for log in self.report.logs if log.header), default=0)


def read_stream(found: FoundStream, control: Control) -> ReadStream:
    """Read and check all logs of a stream, and its checkpoint.

    Raises:
        VerificationStopped: the control said so.
    """
    reports: list[LogReport] = []
    unread = 0
    for log in sorted(found.logs, key=_order):
        try:
            reports.append(_checked(log, control, fields=len(found.logs) <= MANY_LOGS))
        except VerificationError as cause:
            unread += 1
            findings = (not_read(cause, Severity.ERROR),)
            reports.append(_not_checked(log.file, findings))
    checkpoint = _checkpoint(found.checkpoint, control) if found.checkpoint else None
    first = found.logs[0].file
    return ReadStream(check_stream(found.base, reports, checkpoint), first.folder, first.parent, unread)


def read_whole(file: SourceFile, control: Control, limit_bytes: int) -> bytes:
    """Read a small file, and tell the control of it.

    Raises:
        VerificationError: `verify.cannot-read`.
    """
    with closing(file.open()) as source:
        data = read_part(source, control, 0, min(source.size_bytes, limit_bytes))
        control.advance(file.shown, source.size_bytes, source.size_bytes)
        return data


def _checked(log: FoundLog, control: Control, *, fields: bool) -> LogReport:
    if log.file.entry.size_bytes > MAX_LOG_BYTES:
        text = f"It has {log.file.entry.size_bytes:,} bytes: no log is larger than {MAX_LOG_BYTES:,}."
        place = Place(log.file.shown)
        return _not_checked(log.file, (ContentFinding("verify.log-too-large", Severity.ERROR, place, text),))
    report = check_log(log.file.shown, read_whole(log.file, control, MAX_LOG_BYTES))
    if report.header and not fields:
        report = replace(report, header=replace(report.header, fields=()))
    return report


def _checkpoint(file: SourceFile, control: Control) -> CheckpointReport | None:
    """A checkpoint that cannot be read only makes replay longer, as if it were not there."""
    try:
        data = read_whole(file, control, CHECKPOINT_BYTES)
    except VerificationError:
        data = b""
    return read_checkpoint(file.shown, data)


def _not_checked(file: SourceFile, findings: tuple[ContentFinding, ...]) -> LogReport:
    return LogReport(file.shown, file.entry.size_bytes, None, BodyState.NOT_CHECKED, findings=findings)


def _order(log: FoundLog) -> tuple[bool, int]:
    """Numbered ones by number, the current one last."""
    return log.name.kind is LogKind.CURRENT, log.generation or 0
