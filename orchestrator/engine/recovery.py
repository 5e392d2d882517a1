"""Recovery: what a dead run left is thawed, settled and removed, or kept if it was proven."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.engine.clock import Clock
from orchestrator.engine.parts import ArrayPart
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport, abort_by_name, remove_by_name
from orchestrator.errors import OrchestratorError
from orchestrator.journal.duty import Duty
from orchestrator.journal.entries import Beginning
from orchestrator.model.arrays import ArmedCut
from orchestrator.plugin import HostCoordinator


@dataclass(frozen=True, slots=True)
class Estate:
    """A dead run: how it began and what is owed to it.

    Attributes:
        age_s: how long ago the last thing it can have asked for was asked.
    """

    beginning: Beginning
    duty: Duty
    age_s: float


async def free_host(estate: Estate, host: HostCoordinator | None) -> UndoReport:
    """Thaw first, whatever else there is to do (R2)."""
    name = estate.beginning.host
    if host is None:
        return UndoReport(in_doubt=(f"{name}: the host cannot be reached",))
    try:
        await host.recover(estate.beginning.set_id, estate.beginning.fence)
    except OrchestratorError as error:
        return UndoReport(in_doubt=(f"{name}: {error}",))
    return NOTHING_TO_UNDO


async def remove_remains(estate: Estate, arrays: Mapping[str, ArrayPart], clock: Clock) -> UndoReport:
    """Remove what the run's own intents name, on every array at once."""
    parts = (_remove(estate, name, arrays.get(name), clock) for name in estate.beginning.arrays)
    return sum(await asyncio.gather(*parts), NOTHING_TO_UNDO)


async def _remove(estate: Estate, name: str, array: ArrayPart | None, clock: Clock) -> UndoReport:
    if array is None:
        return UndoReport(in_doubt=(f"{name}: the array cannot be reached",))
    names = estate.beginning.names
    still_possible_s = max(0.0, array.capabilities.request_life_s - estate.age_s)
    try:
        seen = await abort_by_name(array, ArmedCut(names, ()))
        return await remove_by_name(array, names, clock.now() + still_possible_s, clock, seen)
    except OrchestratorError as error:
        return UndoReport(in_doubt=(f"{name}: {error}",))
