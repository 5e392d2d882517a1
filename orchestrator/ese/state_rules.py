"""What the header of a database says about it, without any other file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.ese.reports import DatabaseHeader, DatabaseReport, DatabaseState, FileType
from orchestrator.ese.states import state_name
from orchestrator.ese.weighing import Weighed, against
from orchestrator.model.verification import Verdict

JET_READ_VERIFY_FAILURE: Final = -1018
JET_DATABASE_DIRTY_SHUTDOWN: Final = -550
JET_DATABASE_CORRUPTED: Final = -1206

DIRTY: Final = {DatabaseState.DIRTY_SHUTDOWN, DatabaseState.DIRTY_AND_PATCHED_SHUTDOWN}
MOUNTABLE: Final = {*DIRTY, DatabaseState.CLEAN_SHUTDOWN}


def is_temporary(header: DatabaseHeader) -> bool:
    """It is a temporary database, or one whose creation has not come to its end: neither bears checksums."""
    return header.state == DatabaseState.JUST_CREATED or header.file_type == FileType.TEMPORARY_DATABASE


def header_unusable(database: DatabaseReport) -> Weighed:
    """Without a header the engine does not attach a database, whatever its pages hold."""
    text = f"Neither copy of the header of {database.path} can be used: the engine will not open it."
    return against(Verdict.UNRECOVERABLE, "ese.header-unusable", database.path, text, JET_READ_VERIFY_FAILURE)


def state_rules(path: str, header: DatabaseHeader) -> Iterator[Weighed]:
    """Judge the state, and whether the logs that the header asks for make sense."""
    if header.state not in MOUNTABLE:
        text = f"{path} is in the state {state_name(header.state)}: the engine will not mount it."
        yield against(Verdict.UNRECOVERABLE, "ese.state-refused", path, text)
    elif header.state == DatabaseState.CLEAN_SHUTDOWN:
        if any(header.required) or header.committed:
            text = f"{path} says that it was shut down cleanly, and asks for {_range(header)} all the same."
            yield against(Verdict.DAMAGED, "ese.clean-but-needs-logs", path, text, JET_DATABASE_CORRUPTED)
    elif header.required == (0, 0):
        text = f"{path} was not shut down, and names no log that could mend it: it was used without logging."
        yield against(
            Verdict.UNRECOVERABLE, "ese.dirty-without-logs", path, text, JET_DATABASE_DIRTY_SHUTDOWN
        )
    elif not asks_for_logs(header):
        text = f"The header of {path} asks for {_range(header)}: that is no range."
        yield against(Verdict.UNRECOVERABLE, "ese.required-range-wrong", path, text, JET_DATABASE_CORRUPTED)


def asks_for_logs(header: DatabaseHeader) -> bool:
    """It is dirty, and names logs that make sense."""
    first, last = header.required
    return header.state in DIRTY and 0 < first <= last <= header.committed


def _range(header: DatabaseHeader) -> str:
    first, last = header.required
    return f"the logs 0x{first:X} to 0x{last:X}, committed to 0x{header.committed:X}"
