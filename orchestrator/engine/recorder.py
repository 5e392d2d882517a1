"""Where a run's signed records go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.result import PlacedClone
from orchestrator.engine.told import Told
from orchestrator.engine.undo import UndoReport
from orchestrator.errors import OrchestratorError
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.verification import ContentsReport
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class RecordRef:
    """One record on disk: where, and the digest of its bytes."""

    path: Path
    digest: str


class Recorder(Protocol):
    """Signs and stores the records of one run. Never called inside a freeze window."""

    async def ready(self, attempt: Attempt) -> None:
        """Make sure that a record could be written; asked before anything is touched.

        Raises:
            EvidenceError: it could not.
        """

    async def proven(self, attempt: Attempt, grade: Grade, notes: Sequence[Finding]) -> RecordRef:
        """Store the proof. Once this returns, the set is proven."""

    async def told(self, attempt: Attempt, proof: RecordRef, told: Told) -> RecordRef:
        """Store what the writers were told of the backup, and what they answered."""

    async def verified(
        self, attempt: Attempt, proof: RecordRef, clones: Sequence[PlacedClone], contents: ContentsReport
    ) -> RecordRef:
        """Store what a look into the clones found."""

    async def refused(self, reasons: Sequence[Finding]) -> RecordRef:
        """Store why nothing was touched."""

    async def given_up(
        self, attempt: Attempt, error: OrchestratorError, status: RunStatus, undone: UndoReport
    ) -> RecordRef:
        """Store why the run failed and what became of its objects."""
