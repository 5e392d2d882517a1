"""Whether a database and its logs are of one stream and were copied at one moment.

Copies of different moments are what a break-off gives. A database of an older moment than its logs is rolled
forward, and good; one of a younger moment needs logs that are not there. Either way signatures must be the
same, and the creation times of logs that the header of the database wrote down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from orchestrator.ese.header_fields import NEVER, time_text
from orchestrator.ese.reports import DatabaseHeader, LogReport, StreamReport
from orchestrator.ese.weighing import Weighed, against, worth_knowing
from orchestrator.model.verification import Verdict

JET_BAD_LOG_SIGNATURE: Final = -530
JET_DATABASE_LOG_SET_MISMATCH: Final = -539
JET_REQUIRED_LOG_FILES_MISSING: Final = -543


def moment_rules(
    path: str, header: DatabaseHeader, stream: StreamReport, logs: Mapping[int, LogReport]
) -> Iterator[Weighed]:
    """Judge a dirty database against its logs.

    Args:
        path: of the database.
        header: its.
        stream: that it should belong to.
        logs: of the stream, by generation; at least one.
    """
    if not same_stream(header, stream):
        text = (
            f"{path} belongs to the logs of the stream 0x{header.sign_log.random:08X}; those here are "
            f"of 0x{stream.sign_log.random:08X}."
        )
        yield against(
            Verdict.UNRECOVERABLE, "ese.database-signature-mismatch", path, text, JET_BAD_LOG_SIGNATURE
        )
        return
    yield from _younger(path, header, stream, logs)
    yield from _created(path, header.committed, header.committed_created, logs)
    if header.required[1] != header.committed:
        yield from _created(path, header.required[1], header.required_created, logs)


def same_stream(header: DatabaseHeader, stream: StreamReport) -> bool:
    """Tell whether the logs are the database's, by all 28 bytes; they may be if no header is good."""
    return stream.sign_log.empty or stream.sign_log == header.sign_log


def clean_rules(path: str, header: DatabaseHeader, stream: StreamReport) -> Iterator[Weighed]:
    """A clean database needs no logs; but those beside it should be of the same moment."""
    highest = max((log.header.generation for log in stream.logs if log.header), default=0)
    if highest and stream.sign_log == header.sign_log and header.consistent.generation > highest:
        text = (
            f"{path} was shut down in log 0x{header.consistent.generation:X}; the logs here end with "
            f"0x{highest:X}. It needs none of them, but they were copied at another moment."
        )
        yield worth_knowing("ese.clean-database-newer-than-logs", path, text)


def _younger(
    path: str, header: DatabaseHeader, stream: StreamReport, logs: Mapping[int, LogReport]
) -> Iterator[Weighed]:
    """The log being written is there, and older than one that the database knows: none was left out."""
    if stream.current is None or stream.current.header is None:
        return
    highest = max(logs)
    known = max(header.committed, header.consistent.generation, header.attached.generation)
    if known > highest:
        text = (
            f"{path} knows of log 0x{known:X}, but the newest log here, {stream.current.name}, is "
            f"0x{highest:X}. Database and logs were copied at different moments, as by a break-off: "
            "they are no set."
        )
        yield against(
            Verdict.UNRECOVERABLE,
            "ese.database-newer-than-logs",
            path,
            text,
            JET_REQUIRED_LOG_FILES_MISSING,
        )


def _created(path: str, generation: int, created: bytes, logs: Mapping[int, LogReport]) -> Iterator[Weighed]:
    log = logs.get(generation)
    if log is None or log.header is None or created == NEVER or log.header.created == created:
        return
    text = (
        f"{path} knows log 0x{generation:X} as one created at {time_text(created)}; {log.name} was created "
        f"at {time_text(log.header.created)}. The logs are of another time than the database."
    )
    yield against(
        Verdict.UNRECOVERABLE, "ese.logs-of-another-time", path, text, JET_DATABASE_LOG_SET_MISMATCH
    )
