"""What happens inside DoSnapshotSet: rows a to p, the timers that may end it early, and what follows then.

Tables only. The order and the limits are those of the Windows SDK, "Shadow copy creation for providers" and
the diagram there.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S, VSS_HOLD_LIMIT_S, Budgets
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, WriterState

VSS_S_ASYNC_CANCELLED: Final = 0x0004230B
VSS_E_BAD_STATE: Final = 0x80042301
VSS_E_UNEXPECTED: Final = 0x80042302
VSS_E_PROVIDER_VETO: Final = 0x80042306
VSS_E_FLUSH_WRITES_TIMEOUT: Final = 0x80042313
VSS_E_HOLD_WRITES_TIMEOUT: Final = 0x80042314
VSS_E_WRITERERROR_TIMEOUT: Final = 0x800423F2

# How long a writer waits for its next event unless it asked for less: CVssWriter::Initialize.
WRITER_LIMIT_S: Final = 60.0


class Step(StrEnum):
    """One row, named after the call or event that it consists of."""

    END_PREPARE_SNAPSHOTS = "EndPrepareSnapshots"
    FLAG_SOURCE_LUNS = "flag source LUNs"
    ON_PREPARE_SNAPSHOT = "OnPrepareSnapshot"
    ON_FREEZE = "OnFreeze"
    PRE_COMMIT_SNAPSHOTS = "PreCommitSnapshots"
    FLUSH_AND_HOLD_WRITES = "flush and hold writes"
    COMMIT_SNAPSHOTS = "CommitSnapshots"
    RELEASE_WRITES = "release writes"
    CLEAR_FLAGS = "clear flags on source LUNs"
    POST_COMMIT_SNAPSHOTS = "PostCommitSnapshots"
    ON_THAW = "OnThaw"
    GET_TARGET_LUNS = "GetTargetLuns"
    LOCATE_LUNS = "LocateLuns"
    PRE_FINAL_COMMIT_SNAPSHOTS = "PreFinalCommitSnapshots"
    ON_POST_SNAPSHOT = "OnPostSnapshot"
    POST_FINAL_COMMIT_SNAPSHOTS = "PostFinalCommitSnapshots"


_W = WriterState

# Every row in its order, with the state in which it leaves the writers.
ROWS: Final[Mapping[Step, WriterState]] = {
    Step.END_PREPARE_SNAPSHOTS: _W.STABLE,
    Step.FLAG_SOURCE_LUNS: _W.STABLE,
    Step.ON_PREPARE_SNAPSHOT: _W.WAITING_FOR_FREEZE,
    Step.ON_FREEZE: _W.WAITING_FOR_THAW,
    Step.PRE_COMMIT_SNAPSHOTS: _W.WAITING_FOR_THAW,
    Step.FLUSH_AND_HOLD_WRITES: _W.WAITING_FOR_THAW,
    Step.COMMIT_SNAPSHOTS: _W.WAITING_FOR_THAW,
    Step.RELEASE_WRITES: _W.WAITING_FOR_THAW,
    Step.CLEAR_FLAGS: _W.WAITING_FOR_THAW,
    Step.POST_COMMIT_SNAPSHOTS: _W.WAITING_FOR_THAW,
    Step.ON_THAW: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.GET_TARGET_LUNS: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.LOCATE_LUNS: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.PRE_FINAL_COMMIT_SNAPSHOTS: _W.WAITING_FOR_POST_SNAPSHOT,
    Step.ON_POST_SNAPSHOT: _W.WAITING_FOR_BACKUP_COMPLETE,
    Step.POST_FINAL_COMMIT_SNAPSHOTS: _W.WAITING_FOR_BACKUP_COMPLETE,
}
ORDER: Final = tuple(ROWS)


class End(StrEnum):
    """What ended the creation of a set."""

    FINISHED = "finished"
    ABORT = "abort"  # somebody asked for it
    PREPARE_LIMIT = "never-held"
    DEAD_MAN = "dead-man"
    FLUSH_LIMIT = "flush-limit"
    HOLD_LIMIT = "hold-limit"
    WRITER_LIMIT = "writer-limit"
    FINISH_LIMIT = "finish-limit"
    FOREIGN = "foreign"  # another requestor's set has taken its place
    RESTART = "restart"  # of the host, which forgets everything
    FAILED = "failed"  # a step did


class Span(NamedTuple):
    """A timer runs from entering the one row to entering the other. No first row: from the start."""

    first: Step | None
    last: Step


# What can end a set by itself, and while it can. The dead man also covers a host that released writes
# but does not get round to the writers.
TIMERS: Final[Mapping[End, Span]] = {
    End.PREPARE_LIMIT: Span(None, Step.END_PREPARE_SNAPSHOTS),
    End.DEAD_MAN: Span(Step.END_PREPARE_SNAPSHOTS, Step.ON_THAW),
    End.FLUSH_LIMIT: Span(Step.PRE_COMMIT_SNAPSHOTS, Step.FLUSH_AND_HOLD_WRITES),
    End.HOLD_LIMIT: Span(Step.FLUSH_AND_HOLD_WRITES, Step.RELEASE_WRITES),
    End.WRITER_LIMIT: Span(Step.ON_FREEZE, Step.ON_THAW),
    End.FINISH_LIMIT: Span(Step.ON_THAW, ORDER[-1]),
}


class Ending(NamedTuple):
    """How a set ends: what ended the hold if writes were held, its final status, the writers' last word."""

    hold_end: HoldEnd
    set_status: int
    writer_state: WriterState = _W.STABLE
    writer_failure: int = 0


_TIMED_OUT: Final = (_W.FAILED_AT_FREEZE, VSS_E_WRITERERROR_TIMEOUT)

# After the writers' own limit VSS may well call the set finished; only the writers' status tells.
ENDINGS: Final[Mapping[End, Ending]] = {
    End.FINISHED: Ending(HoldEnd.RELEASE, VSS_S_ASYNC_FINISHED, _W.WAITING_FOR_BACKUP_COMPLETE),
    End.ABORT: Ending(HoldEnd.ABORT, VSS_S_ASYNC_CANCELLED),
    End.PREPARE_LIMIT: Ending(HoldEnd.NEVER_HELD, VSS_S_ASYNC_CANCELLED),
    End.DEAD_MAN: Ending(HoldEnd.DEAD_MAN, VSS_E_PROVIDER_VETO, *_TIMED_OUT),
    End.FLUSH_LIMIT: Ending(HoldEnd.NEVER_HELD, VSS_E_FLUSH_WRITES_TIMEOUT, *_TIMED_OUT),
    End.HOLD_LIMIT: Ending(HoldEnd.HOLD_LIMIT, VSS_E_HOLD_WRITES_TIMEOUT, *_TIMED_OUT),
    End.WRITER_LIMIT: Ending(
        HoldEnd.WRITER_LIMIT, VSS_S_ASYNC_FINISHED, _W.FAILED_AT_THAW, VSS_E_WRITERERROR_TIMEOUT
    ),
    End.FOREIGN: Ending(HoldEnd.FOREIGN, VSS_E_BAD_STATE),
    End.RESTART: Ending(HoldEnd.UNPROVEN, VSS_E_UNEXPECTED),
}


def limits_of(budgets: Budgets, *, exchange: bool = True) -> dict[End, float]:
    """Return how long each timer runs, in seconds; VSS's own limits are fixed, a plan may be stricter.

    The dead man's time comes with the request to freeze; until then it is Exchange's own.

    Args:
        budgets: of the plan.
        exchange: an Exchange writer takes part; others give up later.
    """
    return {
        End.PREPARE_LIMIT: budgets.prepare_s,
        End.DEAD_MAN: EXCHANGE_FREEZE_LIMIT_S,
        End.FLUSH_LIMIT: VSS_HOLD_LIMIT_S,
        End.HOLD_LIMIT: min(budgets.hold_s, VSS_HOLD_LIMIT_S),
        End.WRITER_LIMIT: EXCHANGE_FREEZE_LIMIT_S if exchange else WRITER_LIMIT_S,
        End.FINISH_LIMIT: WRITER_LIMIT_S,
    }
