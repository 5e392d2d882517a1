"""How a run ended, for whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.engine.told import Told
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport
from orchestrator.errors import OrchestratorError
from orchestrator.model.arrays import Clone
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.verification import ContentsReport
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class PlacedClone:
    """A clone, and the registered name of the array it lies on."""

    array_name: str
    clone: Clone

    def as_data(self) -> dict[str, str]:
        """Return what is written down of it."""
        return {
            "array": self.array_name,
            "replica_id": self.clone.replica_id,
            "volume_id": self.clone.volume.volume_id,
            "volume_name": self.clone.volume.name,
            "lun_id": self.clone.volume.lun_id,
        }


@dataclass(frozen=True, slots=True)
class RunResult:
    """One run's end.

    Attributes:
        grade: None unless there is a proven set.
        facts: what was seen of the window; None if it never opened.
        record: the signed record of this end.
        reasons: why it was refused, or what to know about the set.
        error: why it was given up, or what a look into the clones found against them.
        contents: what a look into the clones found; None if there was none.
        told: what the writers were told of the backup, and answered; None if it never came to that.
        note: what people should know although the run ended well, empty mostly.
        earlier: attempts of the same run that were aborted, in order.
        left_over: what did not fit into the set, as the job names it.
        others: further sets of the same job, each with an instant of its own.
    """

    run_id: str
    set_name: str
    job: str
    host: str
    status: RunStatus
    emulated: bool
    grade: Grade | None = None
    facts: WindowFacts | None = None
    record: Path | None = None
    reasons: tuple[Finding, ...] = ()
    error: OrchestratorError | None = None
    undone: UndoReport = NOTHING_TO_UNDO
    clones: tuple[PlacedClone, ...] = ()
    contents: ContentsReport | None = None
    told: Told | None = None
    note: str = ""
    earlier: tuple[RunResult, ...] = ()
    left_over: tuple[str, ...] = ()
    others: tuple[RunResult, ...] = ()

    @property
    def window_s(self) -> float | None:
        """From our request to freeze until the host confirmed the thaw, by the slower of both clocks."""
        if self.facts is None or self.facts.release_seen is None:
            return None
        return self.facts.freeze_asked.elapsed_s(self.facts.release_seen)
