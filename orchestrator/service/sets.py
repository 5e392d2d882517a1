"""Sets deleted. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.engine.clock import SystemClock
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport, abort_by_name, remove_by_name
from orchestrator.errors import InDoubt, Refused
from orchestrator.journal.store import forget_journal
from orchestrator.model.arrays import ArmedCut
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.registry.endpoints import RegisteredArray
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.parties import ArrayCaller, array_callers, connected_arrays


def delete_set(installation: Installation, set_id: str) -> UndoReport:
    """Delete a set's replicas and clones. What an array will not let go of yet stays on record as void.

    Raises:
        Refused: the end of its run is not known yet.
        InDoubt: an array could not be asked; the set stays on record.
    """
    recorded = installation.sets.get(set_id)
    if recorded.status is RunStatus.IN_DOUBT:
        raise Refused("policy.set-in-use", "the end of its run is not known yet", subject=set_id)
    callers = array_callers(installation.connections, _arrays_of(installation, recorded))
    undone = asyncio.run(_delete(callers, _names_of(recorded)))
    if undone.in_doubt:
        raise InDoubt("run.in-doubt", "; ".join(undone.in_doubt), subject=set_id)
    if undone.void_pending:
        void = "; ".join(f"void-pending: {remains}" for remains in undone.void_pending)
        installation.sets.update(replace(recorded, grade=None, clones=(), note=void))
    else:
        forget_journal(installation.folder.journals, set_id)  # recovery would put the set back on record
        installation.sets.remove(set_id)
    return undone


def _arrays_of(installation: Installation, recorded: RecordedSet) -> list[RegisteredArray]:
    """Return where objects of a set can be; a run that failed has not recorded that."""
    names = {each["array"] for each in (*recorded.replicas, *recorded.clones)}
    return [installation.arrays.get(name) for name in sorted(names)] or list(installation.arrays.list())


def _names_of(recorded: RecordedSet) -> ObjectNames:
    """Return the names of a set's objects; one that was adopted bears another installation's."""
    return ObjectNames(recorded.set_id.split("-")[1], recorded.run_id, recorded.attempt)


async def _delete(callers: Sequence[ArrayCaller], names: ObjectNames) -> UndoReport:
    clock = SystemClock()
    total = NOTHING_TO_UNDO
    async with connected_arrays(callers) as arrays:
        for array in arrays:
            seen = await abort_by_name(array, ArmedCut(names, ()))
            total += await remove_by_name(array, names, clock.now(), clock, seen)
    return total
