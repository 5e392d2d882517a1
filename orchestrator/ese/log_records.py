"""Checks the body of a log of version 7: a chain of LRCHECKSUM records, each with a range that it covers."""

from __future__ import annotations

from orchestrator.ese.log_body import JET_LOG_FILE_CORRUPT, LogBody
from orchestrator.ese.log_layout import HEADER_SIZE, RECORD_SIZE
from orchestrator.ese.log_record import LogRecord, is_shadow, is_whole, read_record
from orchestrator.ese.reports import BodyState, LogHeader, LogPosition
from orchestrator.model.verification import ContentFinding, Place, Severity


def check_records(name: str, header: LogHeader, data: memoryview, *, full: bool) -> LogBody:
    """Follow the chain from the first record to the last.

    Args:
        name: as findings call it.
        header: the log's.
        data: the whole file, as long as its header says.
        full: the log has a number: it was written to its end before the next one was begun.
    """
    at, good = HEADER_SIZE, 0
    while True:
        record = _whole(header, data, at)
        if record is None:
            return _broken(name, header, data, at, good)
        good += 1
        if record.following == 0:
            break
        at = record.next_at
    end = _position(header, record.end)
    if full and record.end < len(data) - header.sector_size:
        return LogBody(BodyState.DAMAGED, good, None, end, (_ends_early(name, header, record, len(data)),))
    return LogBody(BodyState.INTACT, good, None, end)


def _whole(header: LogHeader, data: memoryview, at: int) -> LogRecord | None:
    """Return the record at an offset if it and all that it covers are as they were written."""
    if at + RECORD_SIZE > len(data):
        return None
    record = read_record(data, at)
    return record if is_whole(record, data, header) else None


def _broken(name: str, header: LogHeader, data: memoryview, at: int, good: int) -> LogBody:
    """Say what a bad record means: the end of the log, if its sector's shadow follows it; else damage."""
    place = Place(name, "record", good, at)
    end = _position(header, at)
    shadow_at = at + header.sector_size
    if shadow_at + RECORD_SIZE <= len(data):
        shadow = read_record(data, shadow_at)
        if is_shadow(shadow, data, header):
            text = (
                f"The last sector of {name} that holds records is torn; its shadow is whole and will be used."
            )
            end = _position(header, shadow.end - header.sector_size)
            finding = ContentFinding("ese.log-torn-end", Severity.WARNING, place, text)
            return LogBody(BodyState.PATCHABLE, good + 1, None, end, (finding,))
    text = f"Record {good} of {name}, at byte {at:,}, or what it covers, is not what was written."
    finding = ContentFinding("ese.log-record-bad", Severity.ERROR, place, text, JET_LOG_FILE_CORRUPT)
    return LogBody(BodyState.DAMAGED, good, None, end, (finding,))


def _ends_early(name: str, header: LogHeader, record: LogRecord, size: int) -> ContentFinding:
    text = (
        f"{name} has a number, so it is full, but its records end at byte {record.end:,} of {size:,}: "
        "what lies on the disk is older than what was written."
    )
    return ContentFinding(
        "ese.log-ends-early",
        Severity.ERROR,
        Place(name, "record", None, record.at),
        text,
        JET_LOG_FILE_CORRUPT,
    )


def _position(header: LogHeader, offset: int) -> LogPosition:
    return LogPosition(header.generation, offset // header.sector_size, offset % header.sector_size)
