"""What VSS makes of a step that fails, row by row: the middle column of its failure table. Tables only.

After "Shadow copy creation process", "Aborting VSS operations" and "Writer errors and vetoes" in the Windows
SDK: before PostFinalCommit a provider's failure ends the set. A writer that fails to prepare or afterwards
vetoes nothing: the set goes on, and only the writer's status tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.faults import ROWS_THAT_FAIL, Row
from orchestrator.hosts.emulated_exchange.emulator.rows import (
    ROWS,
    VSS_E_WRITERERROR_TIMEOUT,
    Ending,
    Step,
)
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, WriterState

VSS_E_UNEXPECTED_WRITER_ERROR: Final = 0x80042315
VSS_E_WRITERERROR_RETRYABLE: Final = 0x800423F3

# Which row of the failure table a step of DoSnapshotSet is. Commit is the time until our release.
ROW_OF: Final[Mapping[Step, Row]] = {
    Step.END_PREPARE_SNAPSHOTS: Row.END_PREPARE,
    Step.ON_PREPARE_SNAPSHOT: Row.ON_PREPARE_SNAPSHOT,
    Step.ON_FREEZE: Row.ON_FREEZE,
    Step.PRE_COMMIT_SNAPSHOTS: Row.PRE_COMMIT,
    Step.FLUSH_AND_HOLD_WRITES: Row.FLUSH,
    Step.RELEASE_WRITES: Row.COMMIT,
    Step.POST_COMMIT_SNAPSHOTS: Row.POST_COMMIT,
    Step.ON_THAW: Row.ON_THAW,
    Step.GET_TARGET_LUNS: Row.GET_TARGET_LUNS,
    Step.ON_POST_SNAPSHOT: Row.ON_POST_SNAPSHOT,
}

# The state of a writer that fails in its own event.
FAILED_STATE: Final[Mapping[Row, WriterState]] = {
    Row.PREPARE_FOR_BACKUP: WriterState.FAILED_AT_PREPARE_BACKUP,
    Row.ON_PREPARE_SNAPSHOT: WriterState.FAILED_AT_PREPARE_SNAPSHOT,
    Row.ON_FREEZE: WriterState.FAILED_AT_FREEZE,
    Row.ON_THAW: WriterState.FAILED_AT_THAW,
    Row.ON_POST_SNAPSHOT: WriterState.FAILED_AT_POST_SNAPSHOT,
    Row.BACKUP_COMPLETE: WriterState.FAILED_AT_BACKUP_COMPLETE,
}
GOES_ON: Final = frozenset({Row.ON_PREPARE_SNAPSHOT, Row.ON_POST_SNAPSHOT})


def ending_of(step: Step, hresult: int) -> Ending:
    """Return how a set ends whose step fails with a code, where VSS does not go on."""
    if ROW_OF.get(step) in FAILED_STATE:  # what that one writer says is its own; the others are told to abort
        return Ending(HoldEnd.ABORT, VSS_E_UNEXPECTED_WRITER_ERROR)
    frozen = ROWS[step] is WriterState.WAITING_FOR_THAW
    if frozen:  # the writers are told to abort while they wait for their thaw
        return Ending(HoldEnd.ABORT, hresult, WriterState.FAILED_AT_FREEZE, VSS_E_WRITERERROR_RETRYABLE)
    return Ending(HoldEnd.ABORT, hresult)


def late_row(step: Step) -> Ending:
    """Return how a set ends whose step, after the thaw, takes longer than anybody waits."""
    row = ROW_OF.get(step)
    if row is Row.ON_POST_SNAPSHOT:  # the copies exist, and nobody aborts
        state = FAILED_STATE[row]
        return Ending(HoldEnd.RELEASE, VSS_S_ASYNC_FINISHED, state, VSS_E_WRITERERROR_TIMEOUT)
    return ending_of(step, ROWS_THAT_FAIL[row].hresult if row else ROWS_THAT_FAIL[Row.COMMIT].hresult)
