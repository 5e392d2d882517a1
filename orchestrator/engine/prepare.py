"""Everything slow, before the freeze: the set opened, groups made, connections proven, names on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.cut import PendingCut
from orchestrator.errors import ArrayAnswerLost, WindowExpired
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.journal.entries import Beginning, EntryKind
from orchestrator.journal.store import Journal
from orchestrator.plugin import SetPlan
from orchestrator.policy.copies import check_ownership, read_ownership
from orchestrator.policy.reasons import raise_refusal
from orchestrator.shadowcopy import Event


async def prepare(attempt: Attempt, journal: Journal) -> None:
    """Write all names down, open the set, arm every array, and leave the machine armed.

    Raises:
        OrchestratorError: something could not be prepared; what was made is found by the attempt's names.
    """
    await journal.record(EntryKind.BEGUN, asdict(_beginning(attempt)))
    CrashPoint.BEGUN.passed()
    budgets = attempt.machine.budgets
    try:
        async with asyncio.timeout_at(attempt.clock.now() + budgets.prepare_s):
            attempt.host_set = await attempt.plan.host.coordinator.open(_set_plan(attempt))
            CrashPoint.SET_OPENED.passed()
            await _arm_all(attempt.cuts)
            CrashPoint.ARMED.passed()
            await attempt.warmth.start()
            await _demand_same_owners(attempt)
    except TimeoutError:
        raise WindowExpired(
            "window.prepare-expired",
            f"not prepared within {budgets.prepare_s:g} s",
            subject=attempt.plan.host.name,
        ) from None
    await journal.record(EntryKind.OPENING, {"cuts": [cut.armed.names.stem for cut in attempt.cuts]})
    CrashPoint.OPENING.passed()
    attempt.warmth.demand_fresh(budgets.warm_s)
    attempt.machine.handle(Event.ALL_ARMED, attempt.clock.now())


async def _demand_same_owners(attempt: Attempt) -> None:
    """Look once more, last before the freeze, whether the copies are still where they were planned.

    Raises:
        Refused: `policy.ownership-changed`.
    """
    plan = attempt.plan
    if plan.survey.exchange is None or not plan.survey.exchange.dag:
        return
    before = read_ownership({plan.host.name: plan.survey}, plan.components)
    now = await plan.host.coordinator.survey()
    raise_refusal(check_ownership(before, read_ownership({plan.host.name: now}, plan.components)))


async def _arm_all(cuts: Sequence[PendingCut]) -> None:
    """Arm side by side. The first failure calls the others back and waits for them: none goes on unseen."""
    try:
        async with asyncio.TaskGroup() as arming:
            for cut in cuts:
                arming.create_task(_arm(cut))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _arm(cut: PendingCut) -> None:
    try:
        cut.armed = await cut.array.provider.arm(cut.armed.volumes, cut.armed.names)
    except BaseException as error:
        # A cancelled request is a lost one: it may be under way.
        cut.arming_lost = isinstance(error, ArrayAnswerLost | asyncio.CancelledError)
        raise


def _beginning(attempt: Attempt) -> Beginning:
    return Beginning(
        run_id=attempt.names.run_id,
        attempt=attempt.names.attempt,
        installation=attempt.names.installation,
        job=attempt.plan.job.name,
        host=attempt.plan.host.name,
        set_id=attempt.set_id,
        fence=attempt.fence,
        arrays=tuple(cut.array.name for cut in attempt.cuts),
        emulated=attempt.plan.emulated,
        backup_type=attempt.plan.job.backup_type,
    )


def _set_plan(attempt: Attempt) -> SetPlan:
    plan = attempt.plan
    return SetPlan(
        set_id=attempt.set_id,
        fence=attempt.fence,
        context=plan.request.context,
        backup_type=plan.request.backup_type,
        components=plan.components,
        writers=plan.writers,
        host_volumes=plan.topology.host_volumes,
        budgets=attempt.machine.budgets,
        session_s=plan.job.session_s,
    )
