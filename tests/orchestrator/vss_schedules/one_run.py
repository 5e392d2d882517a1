"""A run on the scene: its parts, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.engine.run import CloneRun
from orchestrator.engine.undo import UndoReport
from orchestrator.errors import OrchestratorError
from orchestrator.journal.duty import beginning_of
from orchestrator.journal.entries import Beginning, EntryKind
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from tests.orchestrator.vss_schedules.life import Life, MortalJournal, MortalRecorder
from tests.orchestrator.vss_schedules.scripted_look import ScriptedLook


@dataclass
class OneRun:
    """A run on the scene, and how it ended.

    Attributes:
        error: what `perform` raised, if it did.
        at: when it began and ended, in virtual time.
    """

    run: CloneRun
    recorder: MortalRecorder
    journal: MortalJournal
    look: ScriptedLook
    life: Life
    cancel_sent: bool = False
    cancelled: bool = False
    died: bool = False
    error: OrchestratorError | None = None
    at: tuple[float, float] = (0.0, 0.0)
    recovered: UndoReport | None = None

    @property
    def names(self) -> ObjectNames:
        return self.run.names

    @property
    def beginnings(self) -> list[Beginning]:
        """How each of its attempts began."""
        kinds = [entry for entry in self.journal.entries if entry.kind is EntryKind.BEGUN]
        return [beginning_of([entry]) for entry in kinds]

    @property
    def proven(self) -> bool:
        """Whether a set came of it."""
        if self.died:
            return bool(self.recorder.proofs)
        result = self.run.result
        return result is not None and result.status in (RunStatus.COMPLETED, RunStatus.FAILED_VERIFICATION)

    @property
    def set_id(self) -> str:
        """Its last set on the host; empty if it never came so far."""
        return self.beginnings[-1].set_id if self.beginnings else ""

    @property
    def stem(self) -> str:
        """What everything that its last attempt made is called."""
        return (self.beginnings[-1].names if self.beginnings else self.names).stem

    def covers(self, name: str) -> bool:
        """Tell whether an object was made by any attempt of it."""
        return any(begun.names.covers(name) for begun in self.beginnings)
