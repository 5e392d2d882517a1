"""Checks one log: its header, its size, and its records in whichever of the two formats they are."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.log_body import LogBody
from orchestrator.ese.log_header import read_header, size_finding
from orchestrator.ese.log_layout import RECORDS_MAJOR, SEGMENTS_MAJOR
from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.ese.log_records import check_records
from orchestrator.ese.log_segments import check_segments
from orchestrator.ese.reports import NOWHERE, BodyState, LogHeader, LogReport
from orchestrator.model.verification import ContentFinding, Place, Severity

JET_BAD_LOG_VERSION: Final = -514


def read_log_header(name: str, start: Buffer) -> tuple[LogHeader | None, tuple[ContentFinding, ...]]:
    """Read a header from the first 4096 bytes of a log. It is None if its checksum is wrong."""
    return read_header(name, start)


def check_log(name: str, data: Buffer) -> LogReport:
    """Check a whole log.

    Args:
        name: as the reader names it; whether its last part bears a number matters.
        data: the whole file. It has 64 MiB at most, as its sectors are counted in 16 bits.
    """
    header, found = read_header(name, data)
    if header is None:
        return LogReport(name, len(data), None, BodyState.NOT_CHECKED, findings=found)
    wrong_size = size_finding(name, header, len(data))
    if wrong_size is not None:
        found += (wrong_size,)
    if found:  # its sectors cannot be told from each other
        return LogReport(name, len(data), header, BodyState.DAMAGED, findings=found)
    body = _check_body(name, header, memoryview(data))
    return LogReport(name, len(data), header, body.state, body.good, body.chain, body.end, body.findings)


def _check_body(name: str, header: LogHeader, data: memoryview) -> LogBody:
    major = header.version[0]
    if major >= SEGMENTS_MAJOR:
        return check_segments(name, header, data)
    if major == RECORDS_MAJOR:
        parsed = parse_name(name)
        full = parsed is not None and parsed.kind is LogKind.NUMBERED
        return check_records(name, header, data, full=full)
    text = f"{name} is of log version {major}, which is not known here: its records were not checked."
    finding = ContentFinding(
        "ese.log-version-unknown", Severity.WARNING, Place(name, "header"), text, JET_BAD_LOG_VERSION
    )
    return LogBody(BodyState.NOT_CHECKED, 0, None, NOWHERE, (finding,))
