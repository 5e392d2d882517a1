"""Checks what lies beside a database: its flush map, and its streaming file (Exchange 2000 and 2003)."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.ese.database_header import START_SIZE, read_header_pair
from orchestrator.ese.flush_map import check_flush_map
from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, FlushMapReport
from orchestrator.model.verification import Severity
from orchestrator.plugin.verifier import Control
from orchestrator.verify.found import SourceFile
from orchestrator.verify.log_reading import read_whole
from orchestrator.verify.set_discovery import not_read
from orchestrator.verify.source_parts import read_part

# Two bits a page: enough for a database of 8 TB in the largest pages.
MAX_FLUSH_MAP_BYTES: Final = 64 << 20


def flush_map_report(file: SourceFile, header: DatabaseHeader | None, control: Control) -> FlushMapReport:
    """Check a flush map. Nothing that is wrong with it counts against its database.

    Raises:
        VerificationStopped: the control said so.
    """
    try:
        data = read_whole(file, control, MAX_FLUSH_MAP_BYTES)
    except VerificationError as cause:
        return FlushMapReport(file.shown, clean=False, pages=0, findings=(not_read(cause),))
    return check_flush_map(file.shown, data, header)


def with_streaming_file(report: DatabaseReport, file: SourceFile, control: Control) -> DatabaseReport:
    """Add the headers of its streaming file to what is known of a database; its pages bear no checksums.

    Raises:
        VerificationStopped: the control said so.
    """
    report = replace(report, streaming_path=file.shown, streaming_size_bytes=file.entry.size_bytes)
    try:
        with closing(file.open()) as source:
            start = read_part(source, control, 0, START_SIZE)
            control.advance(file.shown, source.size_bytes, source.size_bytes)
    except VerificationError as cause:
        return replace(report, findings=(*report.findings, not_read(cause, Severity.ERROR)))
    return replace(report, streaming=read_header_pair(start, file.shown))
