"""Reads the header of a log, and says what is wrong with it."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.checksum import header_checksum
from orchestrator.ese.database_layout import DEFAULT_PAGE_SIZE
from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.log_layout import (
    FLAG_CIRCULAR_NOW,
    FLAG_CIRCULAR_PAST,
    HEADER_SIZE,
    LAYOUT,
    SEGMENT_SIZE,
    SEGMENTS_MAJOR,
)
from orchestrator.ese.reports import FileType, LogHeader
from orchestrator.ese.states import file_type_name
from orchestrator.model.verification import ContentFinding, Place, Severity

JET_READ_VERIFY_FAILURE: Final = -1018
JET_LOG_FILE_CORRUPT: Final = -501
JET_LOG_FILE_SIZE_MISMATCH: Final = -541
JET_LOG_SECTOR_SIZE_MISMATCH: Final = -546
JET_FILE_INVALID_TYPE: Final = -1812

_SECTOR_SIZES: Final = (512, 1024, 2048, 4096)


def read_header(name: str, start: Buffer) -> tuple[LogHeader | None, tuple[ContentFinding, ...]]:
    """Read a header from the first 4096 bytes of a log, and judge what can be judged by it alone.

    The header is None if its checksum is wrong: then nothing in it can be believed.
    """
    place = Place(name, "header", 0, 0)
    block = bytes(start[:HEADER_SIZE])
    if len(block) < HEADER_SIZE:
        text = f"{name} has only {len(block):,} bytes: too few for the header of a log."
        return None, (
            ContentFinding("ese.log-header-bad", Severity.ERROR, place, text, JET_LOG_FILE_CORRUPT),
        )
    if header_checksum(block) != LAYOUT["ulChecksum"].number(block):
        why = "is all zero" if not any(block) else "has a wrong checksum"
        text = f"The header of {name} {why}: nothing in it can be believed."
        return None, (
            ContentFinding("ese.log-header-bad", Severity.ERROR, place, text, JET_READ_VERIFY_FAILURE),
        )
    header = _decode(block)
    return header, _findings(name, header, place)


def size_finding(name: str, header: LogHeader, size_bytes: int) -> ContentFinding | None:
    """Compare the size of the file with that in its header; None if they agree."""
    expected = header.sector_size * header.file_sectors
    if size_bytes == expected:
        return None
    text = f"{name} has {size_bytes:,} bytes, but its header says {expected:,}."
    return ContentFinding("ese.log-size-wrong", Severity.ERROR, Place(name), text, JET_LOG_FILE_SIZE_MISMATCH)


def _decode(block: bytes) -> LogHeader:
    number = {label: field.number(block) for label, field in LAYOUT.items()}
    return LogHeader(
        generation=number["lGeneration"],
        sector_size=number["cbSec"],
        header_sectors=number["csecHeader"],
        file_sectors=number["csecLGFile"],
        page_size=number["cbPageSize"] or DEFAULT_PAGE_SIZE,
        created=LAYOUT["tmCreate"].of(block),
        previous_created=LAYOUT["tmPrevGen"].of(block),
        version=(number["ulMajor"], number["ulMinor"], number["ulUpdateMajor"], number["ulUpdateMinor"]),
        sign_log=LAYOUT["signLog"].signature(block),
        circular=bool(number["fLGFlags"] & (FLAG_CIRCULAR_NOW | FLAG_CIRCULAR_PAST)),
        checkpoint=LAYOUT["lgposCheckpoint"].position(block),
        previous_checksum=number["checksumPrevLogAllSegments"],
        file_type=number["filetype"],
        fields=tuple((label, field.text(block)) for label, field in LAYOUT.items()),
    )


def _findings(name: str, header: LogHeader, place: Place) -> tuple[ContentFinding, ...]:
    found = []
    # The engine takes "not recorded" for an old log (ESE ese/_log/logstream.cxx).
    if header.file_type not in {FileType.UNKNOWN, FileType.LOG}:
        text = f"The header says that {name} is no log: {file_type_name(header.file_type)}."
        found.append(ContentFinding("ese.not-a-log", Severity.ERROR, place, text, JET_FILE_INVALID_TYPE))
    if not _sane_sectors(header):
        text = (
            f"The header of {name} names sectors of {header.sector_size:,} bytes, {header.header_sectors} of "
            "them for itself: no log of its version has such."
        )
        found.append(
            ContentFinding("ese.log-sectors-wrong", Severity.ERROR, place, text, JET_LOG_SECTOR_SIZE_MISMATCH)
        )
    return tuple(found)


def _sane_sectors(header: LogHeader) -> bool:
    if header.sector_size not in _SECTOR_SIZES:
        return False
    if header.version[0] >= SEGMENTS_MAJOR and header.sector_size != SEGMENT_SIZE:
        return False
    return header.header_sectors * header.sector_size == HEADER_SIZE
