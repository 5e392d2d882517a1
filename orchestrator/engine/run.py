"""One run: survey, plan, prepare, freeze, cut, thaw, settle, sign; then what follows upon the proof."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from orchestrator.config.job import Job
from orchestrator.engine.admission import Admission
from orchestrator.engine.attempt import Attempt
from orchestrator.engine.clock import Clock
from orchestrator.engine.completion import Completion
from orchestrator.engine.conclude import NotProven, demand_proof, sign
from orchestrator.engine.contents import ContentsCheck, NoVerifiers
from orchestrator.engine.cut import PendingCut
from orchestrator.engine.freeze_window import FreezeWindow
from orchestrator.engine.give_up import give_up
from orchestrator.engine.offers import History
from orchestrator.engine.parts import ArrayPart, HostPart
from orchestrator.engine.planning import RunPlan, Surroundings, make_plan
from orchestrator.engine.prepare import prepare
from orchestrator.engine.progress import Observer, Phase, ignore
from orchestrator.engine.recorder import Recorder, RecordRef
from orchestrator.engine.result import RunResult
from orchestrator.engine.settle import settle
from orchestrator.engine.thaw import finish_even_if_cancelled
from orchestrator.engine.warmth import Warmth
from orchestrator.errors import Interrupted, OrchestratorError, WindowExpired
from orchestrator.evidence.canonical import as_plain
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.journal.entries import EntryKind
from orchestrator.journal.store import Journal
from orchestrator.model.arrays import ArmedCut
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.policy.reasons import Finding
from orchestrator.shadowcopy import ShadowCopyMachine


@dataclass(slots=True)
class CloneRun:
    """Makes one proven set, or leaves nothing behind.

    `perform` returns how it ended; after a cancellation `result` holds that, and the cancellation goes on.
    """

    job: Job
    names: ObjectNames
    fence: int
    host: HostPart
    arrays: Sequence[ArrayPart]
    history: History
    journal: Journal
    recorder: Recorder
    clock: Clock
    observe: Observer = ignore
    own_paths: Sequence[Path] = ()
    contents: ContentsCheck = field(default_factory=NoVerifiers)
    admission: Admission = field(default_factory=Admission)
    result: RunResult | None = field(default=None, init=False)

    async def perform(self) -> RunResult:
        """Run from survey to the end, once there is room for it."""
        async with self.admission:
            return await self._perform()

    async def _perform(self) -> RunResult:
        self.observe(Phase.SURVEY, f"{self.host.name}, {len(self.arrays)} arrays")
        plan = await self._plan()
        if isinstance(plan, RunPlan):
            self.result = await self._make(plan)
        else:
            self.result = await self._refuse(plan)
        self.observe(Phase.DONE, self.result.status)
        return self.result

    async def _plan(self) -> RunPlan | tuple[Finding, ...]:
        limit_s = self.job.budgets.prepare_s
        around = Surroundings(self.history, self.own_paths, self.contents.verifiable, self.contents.seen_by)
        try:
            async with asyncio.timeout_at(self.clock.now() + limit_s):
                return await make_plan(self.job, self.host, self.arrays, self.clock, around)
        except TimeoutError:
            what = f"host and arrays were not surveyed within {limit_s:g} s"
            raise WindowExpired("window.prepare-expired", what, subject=self.host.name) from None

    async def _make(self, plan: RunPlan) -> RunResult:
        attempt = self._attempt(plan)
        try:
            notes, proof = await self._prove(attempt)
        except asyncio.CancelledError:
            stopped = Interrupted("run.interrupted", "stopped from outside", subject=self.job.name)
            await finish_even_if_cancelled(self._undo(attempt, stopped))
            raise
        except Exception as error:  # noqa: BLE001 - the top of a run: whatever it was, undo and say so
            return await finish_even_if_cancelled(self._undo(attempt, self._in_our_words(error)))
        stop = asyncio.Event()
        return await finish_even_if_cancelled(self._complete(attempt, notes, proof, stop), stop)

    def _in_our_words(self, error: Exception) -> OrchestratorError:
        if isinstance(error, OrchestratorError):
            return error
        return OrchestratorError("internal.fault", f"{type(error).__name__}: {error}", subject=self.job.name)

    async def _prove(self, attempt: Attempt) -> tuple[tuple[Finding, ...], RecordRef]:
        self.observe(Phase.PREPARE, ", ".join(cut.array.name for cut in attempt.cuts))
        await self.recorder.ready(attempt)
        await prepare(attempt, self.journal)
        self.observe(Phase.FREEZE, self.host.name)
        window = FreezeWindow(attempt.machine, attempt.open_set, attempt.cuts, self.clock)
        attempt.window = window.record
        await window.run(attempt.warmth)
        await self.journal.record(EntryKind.CLOSED, {"facts": as_plain(attempt.facts())})
        CrashPoint.CLOSED.passed()
        if attempt.window.error is not None:
            raise attempt.window.error
        self.observe(Phase.SETTLE, "writers, arrays, map")
        await settle(attempt)
        notes = demand_proof(attempt)
        self.observe(Phase.SIGN, attempt.names.stem)
        return notes, await sign(attempt, notes, self.journal, self.recorder)

    async def _complete(
        self, attempt: Attempt, notes: tuple[Finding, ...], proof: RecordRef, stop: asyncio.Event
    ) -> RunResult:
        """Go on with a proven set: from here on nothing takes it away any more."""
        completion = Completion(
            attempt, proof, self.journal, self.recorder, self.contents, self.observe, stop
        )
        await completion.complete()
        await attempt.warmth.stop()
        await self.journal.record(EntryKind.ENDED, {"status": completion.status})
        return self._end(
            attempt,
            completion.status,
            proof,
            reasons=(*notes, *attempt.plan.notes),
            grade=attempt.plan.grade,
            error=completion.problem,
            clones=completion.clones,
            contents=completion.contents,
            told=completion.told,
            note="; ".join(completion.remarks),
        )

    async def _undo(self, attempt: Attempt, error: OrchestratorError) -> RunResult:
        self.observe(Phase.UNDO, str(error))
        undone = await give_up(attempt)
        status = RunStatus.IN_DOUBT if undone.in_doubt else RunStatus.ABORTED
        record = await self.recorder.given_up(attempt, error, status, undone)
        kind = EntryKind.IN_DOUBT if status is RunStatus.IN_DOUBT else EntryKind.ENDED
        await self.journal.record(kind, {"status": status})
        reasons = error.findings if isinstance(error, NotProven) else ()
        return self._end(attempt, status, record, reasons=reasons, error=error, undone=undone)

    async def _refuse(self, reasons: tuple[Finding, ...]) -> RunResult:
        record = await self.recorder.refused(reasons)
        return RunResult(
            run_id=self.names.run_id,
            set_name=self.names.stem,
            job=self.job.name,
            host=self.host.name,
            status=RunStatus.REFUSED,
            emulated=self.host.identity.emulated,
            record=record.path,
            reasons=reasons,
        )

    def _attempt(self, plan: RunPlan) -> Attempt:
        return Attempt(
            plan=plan,
            names=self.names,
            set_id=str(uuid4()),
            fence=self.fence,
            clock=self.clock,
            machine=ShadowCopyMachine(plan.request.budgets),
            warmth=Warmth(plan.arrays, self.clock),
            cuts=[PendingCut(array, ArmedCut(self.names, plan.volumes_on(array))) for array in plan.arrays],
        )

    def _end(self, attempt: Attempt, status: RunStatus, record: RecordRef, **more: Any) -> RunResult:
        self.result = RunResult(
            run_id=self.names.run_id,
            set_name=self.names.stem,
            job=self.job.name,
            host=self.host.name,
            status=status,
            emulated=attempt.plan.emulated,
            facts=attempt.facts(),
            record=record.path,
            left_over=attempt.plan.left_over,
            **more,
        )
        return self.result
