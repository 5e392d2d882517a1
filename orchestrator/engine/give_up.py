"""After a failure: the host set free, every cut undone, the reason on record."""

from __future__ import annotations

import asyncio
from typing import Final

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport, undo_cuts
from orchestrator.errors import OrchestratorError
from orchestrator.journal.crash_points import CrashPoint

STILL_FROZEN: Final = "host.still-frozen"


async def give_up(attempt: Attempt) -> UndoReport:
    """Undo everything the attempt made, host and arrays side by side. Raises nothing of our tree."""
    await attempt.warmth.stop()
    freed, undone = await asyncio.gather(_free_host(attempt), undo_cuts(attempt.cuts, attempt.clock))
    CrashPoint.UNDONE.passed()
    return freed + undone


async def _free_host(attempt: Attempt) -> UndoReport:
    """End the host's session, again and again until the dead man armed before the freeze has passed."""
    host, budgets = attempt.plan.host, attempt.machine.budgets
    until = attempt.clock.now() + budgets.freeze_s
    while True:
        try:
            async with asyncio.timeout_at(attempt.clock.now() + budgets.thaw_s):
                await _end_session(attempt)
            return NOTHING_TO_UNDO
        except (OrchestratorError, TimeoutError) as error:
            if attempt.clock.now() >= until:
                return UndoReport(in_doubt=(f"{host.name}: {str(error) or 'no answer'}",))
        await asyncio.sleep(budgets.thaw_s / 5)


async def _end_session(attempt: Attempt) -> None:
    """Through the set itself, or by its id when the set's own way to the host is gone."""
    if attempt.host_set is not None:
        try:
            await attempt.host_set.abort()
        except OrchestratorError as error:
            if error.code == STILL_FROZEN:  # whoever said so goes on trying, and for longer than we do
                raise
        else:
            return
    await attempt.plan.host.coordinator.recover(attempt.set_id, attempt.fence)
