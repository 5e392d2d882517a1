"""After a failure: the host set free, every cut undone, the reason on record."""

from __future__ import annotations

import asyncio

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.undo import UndoReport, undo_cuts
from orchestrator.errors import OrchestratorError
from orchestrator.journal.crash_points import CrashPoint


async def give_up(attempt: Attempt) -> UndoReport:
    """Undo everything the attempt made, host and arrays side by side. Raises nothing of our tree."""
    await attempt.warmth.stop()
    freed, undone = await asyncio.gather(_free_host(attempt), undo_cuts(attempt.cuts, attempt.clock))
    CrashPoint.UNDONE.passed()
    return freed + undone


async def _free_host(attempt: Attempt) -> UndoReport:
    """End the host's session; by the set's id if the set's own way is gone.

    A host that does not answer has thawed by its dead man, armed before the freeze, when this returns.
    """
    host = attempt.plan.host
    steps = [] if attempt.host_set is None else [attempt.host_set.abort]
    until = attempt.clock.now() + attempt.machine.budgets.freeze_s
    doubt = ""
    while True:
        for step in (*steps, lambda: host.coordinator.recover(attempt.set_id, attempt.fence)):
            try:
                async with asyncio.timeout_at(attempt.clock.now() + attempt.machine.budgets.thaw_s):
                    await step()
                    return UndoReport()
            except (OrchestratorError, TimeoutError) as error:
                doubt = f"{host.name}: {error or 'no answer'}"
        if attempt.clock.now() >= until:
            return UndoReport(in_doubt=(doubt,))
        await asyncio.sleep(attempt.machine.budgets.thaw_s / 5)
