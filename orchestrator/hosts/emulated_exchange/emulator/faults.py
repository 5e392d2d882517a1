"""How the emulated host can be made to misbehave, by name and position."""

from __future__ import annotations

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
    ROT = "rot"  # before a set is prepared, a page of the first database turns bad on its array volume
    STORAGE_MAP_CHANGED = "storage-map-changed-after-thaw"  # two host volumes have changed places


AFTER_THAW: Final = (
    FaultName.SET_NOT_FINISHED,
    FaultName.WRITER_GONE,
    FaultName.WRITER_RESTARTED,
    FaultName.WRITER_FAILED,
    FaultName.COMPONENT_FAILED,
    FaultName.SESSION_RESTARTED,
    FaultName.STORAGE_MAP_CHANGED,
)


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
        if fault.name not in {*FaultName}:
            raise BadInput(
                "input.bad-settings",
                f"an emulated host knows no such fault; it knows {', '.join(FaultName)}",
                subject=fault.name,
            )
        self._planned.append(_Planned(fault))

    def due(self, name: FaultName) -> Fault | None:
        """Return the fault that strikes at this occasion, if one does."""
        struck = None
        for planned in self._planned:
            if planned.fault.name == name:
                planned.seen += 1
                if planned.fault.position in (0, planned.seen):
                    struck = planned.fault
        return struck
