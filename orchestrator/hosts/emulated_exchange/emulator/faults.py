"""How the emulated host can be made to misbehave, by name and position.

Two kinds of names: those of `FaultName`, and `ROW:FORM` for each row of VSS's failure table and each form in
which it can fail (`ROW_FAULTS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orchestrator.errors import BadInput
from orchestrator.plugin import Fault


class FaultName(StrEnum):
    """One misbehaviour each; `delay_s` is explained where it matters. `call` has no meaning here."""

    PREPARE_FAILS = "prepare-fails"  # the Exchange writer fails at PrepareForBackup
    WRITER_NOT_FROZEN = "writer-not-frozen"  # it fails its freeze, and VSS goes on
    FREEZE_ANSWER_LOST = "freeze-answer-lost"  # frozen, but nobody is told
    DIES_WHILE_FROZEN = "dies-while-frozen"  # the host is gone delay_s after it froze
    HOLD_ENDS_EARLY = "hold-ends-early"  # delay_s after the freeze was reported
    CLOCK_JUMPS = "clock-jumps"  # the wall clock goes forward by delay_s while writes are held
    HANGS_ON_THAW = "hangs-on-thaw"  # a request to thaw is neither obeyed nor answered
    THAW_ANSWER_LOST = "thaw-answer-lost"  # thawed, but nobody is told
    SET_NOT_FINISHED = "set-not-finished"  # the set ends with an unexpected provider error
    WRITER_GONE = "writer-gone-after-thaw"
    WRITER_RESTARTED = "writer-restarted-after-thaw"  # another instance of it, in good state
    WRITER_FAILED = "writer-failed-after-thaw"
    COMPONENT_FAILED = "component-failed-after-thaw"  # the writer itself is content
    SESSION_RESTARTED = "session-restarted-after-thaw"
    DISMOUNTED = "dismounted-after-thaw"  # the first database of the set: its logs will not be truncated
    ROT = "rot"  # before a set is prepared, a page of the first database turns bad on its array volume
    STORAGE_MAP_CHANGED = "storage-map-changed-after-thaw"  # two host volumes have changed places


AFTER_THAW: Final = (
    FaultName.SET_NOT_FINISHED,
    FaultName.WRITER_GONE,
    FaultName.WRITER_RESTARTED,
    FaultName.WRITER_FAILED,
    FaultName.COMPONENT_FAILED,
    FaultName.SESSION_RESTARTED,
    FaultName.DISMOUNTED,
    FaultName.STORAGE_MAP_CHANGED,
)


class Row(StrEnum):
    """Where a set can fail: the rows of the failure table, in the order in which a set meets them."""

    GATHER_METADATA = "gather-metadata"
    START_SET = "start-set"
    ADD_TO_SET = "add-to-set"
    PREPARE_FOR_BACKUP = "prepare-for-backup"
    END_PREPARE = "end-prepare"
    ON_PREPARE_SNAPSHOT = "on-prepare-snapshot"
    ON_FREEZE = "on-freeze"
    PRE_COMMIT = "pre-commit"
    FLUSH = "flush"
    COMMIT = "commit"
    POST_COMMIT = "post-commit"
    ON_THAW = "on-thaw"
    GET_TARGET_LUNS = "get-target-luns"
    ON_POST_SNAPSHOT = "on-post-snapshot"
    BACKUP_COMPLETE = "backup-complete"
    WRITER_LIMIT = "writer-limit"  # while held, the writers give up; VSS does not notice
    # Each of these has more than one occasion in a set; `position` counts them. See `LOSSES`.
    REQUESTOR_LOST = "requestor-lost"
    HOST_RESTARTS = "host-restarts"
    NEW_SET_WHILE_OPEN = "new-set-while-open"


class Form(StrEnum):
    """How a row can fail.

    A step that hangs is ended by VSS's timers, and by the dead man; the request of which it is a part is
    answered then. A late step, too, takes longer than those; then it answers success, `delay_s` after the
    end, and so does its request.
    """

    ERROR = "error"
    HANG = "hang"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class RowFailure:
    """A row of the failure table.

    Attributes:
        hresult: what an error answers; the default in that table.
        forms: those that make sense.
    """

    hresult: int
    forms: tuple[Form, ...] = (Form.ERROR, Form.HANG, Form.LATE)


# HRESULTs from vsserror.h; which row answers which is in the pages of each call and event (Windows SDK).
ROWS_THAT_FAIL: Final[Mapping[Row, RowFailure]] = {
    # A writer that does not identify itself in its 60 s is simply absent.
    Row.GATHER_METADATA: RowFailure(0x80042318, (Form.ERROR, Form.HANG)),
    Row.START_SET: RowFailure(0x80042316),
    Row.ADD_TO_SET: RowFailure(0x8004230E),
    Row.PREPARE_FOR_BACKUP: RowFailure(0x800423F4),
    Row.END_PREPARE: RowFailure(0x80042306),
    Row.ON_PREPARE_SNAPSHOT: RowFailure(0x800423F3),
    Row.ON_FREEZE: RowFailure(0x800423F4),
    Row.PRE_COMMIT: RowFailure(0x80042306),
    Row.FLUSH: RowFailure(0x80042313),
    Row.COMMIT: RowFailure(0x8004230F),
    Row.POST_COMMIT: RowFailure(0x8004230F),
    Row.ON_THAW: RowFailure(0x800423F4),
    Row.GET_TARGET_LUNS: RowFailure(0x80042306),
    Row.ON_POST_SNAPSHOT: RowFailure(0x800423F3),
    Row.BACKUP_COMPLETE: RowFailure(0x800423F3),
    Row.WRITER_LIMIT: RowFailure(0x800423F2, (Form.ERROR,)),
    Row.REQUESTOR_LOST: RowFailure(0x80042301, (Form.ERROR,)),
    Row.HOST_RESTARTS: RowFailure(0x80042302, (Form.ERROR,)),
    Row.NEW_SET_WHILE_OPEN: RowFailure(0x80042301, (Form.ERROR,)),
}

# What strikes a whole set has three occasions: it is prepared, it is held, it has thawed.
LOSSES: Final = (Row.REQUESTOR_LOST, Row.HOST_RESTARTS, Row.NEW_SET_WHILE_OPEN)

ROW_FAULTS: Final[Mapping[str, tuple[Row, Form]]] = {
    f"{row}:{form}": (row, form) for row, failure in ROWS_THAT_FAIL.items() for form in failure.forms
}
ALL_FAULTS: Final = (*FaultName, *ROW_FAULTS)


@dataclass(frozen=True, slots=True)
class Strike:
    """What strikes a row at this occasion."""

    row: Row
    form: Form
    delay_s: float

    @property
    def hresult(self) -> int:
        """What an error answers."""
        return ROWS_THAT_FAIL[self.row].hresult


@dataclass(slots=True)
class _Planned:
    fault: Fault
    seen: int = 0


class FaultPlan:
    """The faults still to come."""

    def __init__(self, *faults: Fault) -> None:
        self._planned: list[_Planned] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Misbehave at the position-th occasion from now on, or at every one if it is 0."""
        if fault.name not in ALL_FAULTS:
            raise BadInput(
                "input.bad-settings",
                f"an emulated host knows no such fault; it knows {', '.join(ALL_FAULTS)}",
                subject=fault.name,
            )
        self._planned.append(_Planned(fault))

    def due(self, name: str) -> Fault | None:
        """Return the fault that strikes at this occasion, if one does."""
        struck = None
        for planned in self._planned:
            if planned.fault.name == name:
                planned.seen += 1
                if planned.fault.position in (0, planned.seen):
                    struck = planned.fault
        return struck

    def strikes(self, row: Row) -> Strike | None:
        """Return how a row fails at this occasion; None if it does not. If several do, the first form."""
        if not self._planned:
            return None
        struck = [(form, self.due(f"{row}:{form}")) for form in ROWS_THAT_FAIL[row].forms]
        return next((Strike(row, form, fault.delay_s) for form, fault in struck if fault is not None), None)
