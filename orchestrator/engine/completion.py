"""From the proof to the run's end: tell the writers, clone, look into the clones.

Nothing takes the set away any more. A truncating backup holds the writers' session until its contents have
been verified, but not for ever: no other backup of theirs begins meanwhile. Any other tells them first (R6).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.conclude import clone, tell_writers
from orchestrator.engine.contents import ContentsCheck
from orchestrator.engine.progress import Observer, Phase
from orchestrator.engine.recorder import Recorder, RecordRef
from orchestrator.engine.result import PlacedClone
from orchestrator.engine.telling import end_session
from orchestrator.engine.told import Told, remarks_of
from orchestrator.errors import OrchestratorError, VerificationError
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.journal.entries import EntryKind
from orchestrator.journal.store import Journal
from orchestrator.model.grades import RunStatus
from orchestrator.model.verification import ContentsReport, Severity
from orchestrator.policy.truncation import may_report_success


@dataclass(slots=True)
class Completion:
    """What follows upon one proof.

    Attributes:
        stop: set when nobody wants to wait for a verification any longer.
        clones: those that were made.
        contents: what was found in them; None if nobody could look, or nobody asked.
        told: what the writers were told, and answered; None where there are none.
        remarks: what people should know.
    """

    attempt: Attempt
    proof: RecordRef
    journal: Journal
    recorder: Recorder
    check: ContentsCheck
    observe: Observer
    stop: asyncio.Event
    clones: tuple[PlacedClone, ...] = field(default=(), init=False)
    contents: ContentsReport | None = field(default=None, init=False)
    told: Told | None = field(default=None, init=False)
    remarks: list[str] = field(default_factory=list, init=False)

    async def complete(self) -> None:
        """Do what the job asks for, in the order that R6 demands."""
        if self.attempt.plan.job.truncate:
            await self._tell_after_a_look()
        else:
            await self._tell()
            await self._look()

    @property
    def status(self) -> RunStatus:
        """How the run ended."""
        return RunStatus.COMPLETED if self.problem is None else RunStatus.FAILED_VERIFICATION

    @property
    def problem(self) -> VerificationError | None:
        """What stands against the contents."""
        if self.contents is None or not self.contents.verdict.failed or self.contents.worst is None:
            return None
        worst = self.contents.worst
        errors = [each for each in worst.findings if each.severity is Severity.ERROR]
        what = f"{worst.verdict}: {errors[0].text}" if errors else str(worst.verdict)
        return VerificationError("verify.contents-failed", what, subject=worst.caption)

    async def _look(self) -> None:
        job = self.attempt.plan.job
        if job.clone:
            await self._clone()
        if job.verify and self.clones:
            await self._verify()

    async def _tell_after_a_look(self) -> None:
        """Hold the writers' session until somebody has looked, or until the job's patience ends."""
        limit_s = self.attempt.plan.job.hold_limit_s
        looking = asyncio.create_task(self._look())
        await asyncio.wait({looking}, timeout=limit_s)
        if not looking.done():
            self.remarks.append(
                f"the verification took longer than the {limit_s:g} s for which the writers may be held"
            )
        try:
            await self._tell()
        finally:
            await looking

    async def _tell(self) -> None:
        plan = self.attempt.plan
        if not plan.writers:
            await end_session(self.attempt)
            return
        verdict = None if self.contents is None else self.contents.verdict
        succeeded = may_report_success(plan.request.backup_type, verdict)
        self.observe(Phase.TELL_WRITERS, plan.host.name)
        self.told = await tell_writers(
            self.attempt, self.proof, self.journal, self.recorder, succeeded=succeeded
        )
        self.remarks += remarks_of(self.told)

    async def _clone(self) -> None:
        self.observe(Phase.CLONE, self.attempt.names.stem)
        try:
            self.clones = await clone(self.attempt, self.journal)
        except OrchestratorError as error:
            self.remarks.append(f"no clones: {error}")

    async def _verify(self) -> None:
        self.observe(Phase.VERIFY, self.attempt.names.stem)
        await self.journal.record(EntryKind.VERIFYING)
        CrashPoint.VERIFYING.passed()
        try:
            self.contents = await self.check.look(self.attempt, self.clones, self.stop)
        except OrchestratorError as error:
            _remedy, *also = error.__notes__
            self.remarks += [f"not verified: {error}", *also]
        else:
            self.remarks += [self.contents.note] if self.contents.note else []
            await self.recorder.verified(self.attempt, self.proof, self.clones, self.contents)
        verdict = None if self.contents is None else self.contents.verdict
        await self.journal.record(EntryKind.VERIFIED, {"verdict": verdict})
        CrashPoint.VERIFIED.passed()
