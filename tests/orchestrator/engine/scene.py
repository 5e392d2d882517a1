"""A host, two arrays and everything a run needs, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from orchestrator.config.job import Job
from orchestrator.engine.attempt import Attempt
from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.engine.recorder import RecordRef
from orchestrator.engine.result import PlacedClone
from orchestrator.engine.run import CloneRun
from orchestrator.engine.told import Told
from orchestrator.engine.undo import UndoReport
from orchestrator.errors import OrchestratorError
from orchestrator.evidence import Reply
from orchestrator.journal.store import MemoryJournal
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.model.time import Reading
from orchestrator.model.verification import ContentsReport, Verdict
from orchestrator.policy.reasons import Finding
from tests.orchestrator.engine.fake_array import FOREIGN, FakeArray
from tests.orchestrator.engine.fake_host import FakeHost
from tests.virtual_time import VirtualClock

NAMES = ObjectNames("abc123", "run0000001")


class TickingClock(VirtualClock):
    """A virtual clock that no two readings of which are equal, as on a real machine."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks = 0

    def reading(self) -> Reading:
        self._ticks += 1
        tick_s = self._ticks * 1e-6
        exact = super().reading()
        return Reading(exact.wall + timedelta(seconds=tick_s), exact.monotonic_s + tick_s)


class MemoryRecorder:
    """Keeps what would be signed."""

    def __init__(self) -> None:
        self.proofs: list[Grade] = []
        self.answers: list[bool] = []
        self.told_of: list[bool] = []
        self.verdicts: list[Verdict] = []
        self.refusals: list[Sequence[Finding]] = []
        self.failures: list[tuple[OrchestratorError, RunStatus]] = []

    async def ready(self, attempt: Attempt) -> None:
        assert not self.proofs

    async def proven(self, attempt: Attempt, grade: Grade, notes: Sequence[Finding]) -> RecordRef:
        self.proofs.append(grade)
        return RecordRef(Path("proof.json"), "0" * 64)

    async def told(self, attempt: Attempt, proof: RecordRef, told: Told) -> RecordRef:
        self.answers.append(told.reply is Reply.ANSWERED)
        self.told_of.append(told.succeeded)
        return RecordRef(Path("answer.json"), "1" * 64)

    async def verified(
        self, attempt: Attempt, proof: RecordRef, clones: Sequence[PlacedClone], contents: ContentsReport
    ) -> RecordRef:
        assert self.proofs
        assert clones
        self.verdicts.append(contents.verdict)
        return RecordRef(Path("verification.json"), "4" * 64)

    async def refused(self, reasons: Sequence[Finding]) -> RecordRef:
        self.refusals.append(reasons)
        return RecordRef(Path("refusal.json"), "2" * 64)

    async def given_up(
        self, attempt: Attempt, error: OrchestratorError, status: RunStatus, undone: UndoReport
    ) -> RecordRef:
        self.failures.append((error, status))
        return RecordRef(Path("aborted.json"), "3" * 64)


def a_job(**changes: Any) -> Job:
    """Return a job that nothing speaks against, with changes."""
    sound: dict[str, Any] = {
        "name": "nightly",
        "host": "exch01",
        "databases": ("DB01",),
        "backup_type": "copy",
        "consistency": "writer-verified",
        "freeze": True,
        "context": 0x00040029,
        "clone": False,
        "lun_array": {},
        "budgets": DEFAULT_BUDGETS,
    }
    return Job(**{**sound, **changes})


@dataclass
class Scene:
    """One host on several arrays, and one run of a job on them."""

    job: Job = field(default_factory=a_job)
    arrays: tuple[FakeArray, ...] = field(
        default_factory=lambda: (FakeArray.named("logs"), FakeArray.named("databases"))
    )
    clock: TickingClock = field(default_factory=TickingClock)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    host_type: type[FakeHost] = FakeHost

    def __post_init__(self) -> None:
        self.host = self.host_type.on(self.arrays)
        self.host.clocks = self.clock
        for array in self.arrays:
            array.clocks = self.clock
        self.run = CloneRun(
            job=self.job,
            names=NAMES,
            fence=1,
            host=HostPart("exch01", self.host, self.host.identity),
            arrays=[ArrayPart(array.name, array, array.identity) for array in self.arrays],
            history={},
            journal=self.journal,
            recorder=self.recorder,
            clock=self.clock,
        )

    def left_behind(self) -> set[str]:
        """Return every live object of ours, on any array."""
        return {name for array in self.arrays for name in array.store.live()}

    def foreign_is_untouched(self) -> bool:
        """Tell whether nothing of somebody else's is gone."""
        return all(array.store.foreign == FOREIGN for array in self.arrays)
