"""Sets deleted. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from orchestrator.engine.clock import SystemClock
from orchestrator.engine.parts import ArrayPart
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport, abort_by_name, remove_by_name
from orchestrator.errors import InDoubt, Refused
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.journal.store import forget_journal
from orchestrator.model.arrays import ArmedCut, ObjectKind, OwnedObject
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.plugin import Presenter
from orchestrator.registry.endpoints import RegisteredArray
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.parties import ArrayCaller, array_callers, connected_arrays
from orchestrator.service.shown_clones import Volumes, clones_by_array, hide_clones


def delete_set(installation: Installation, set_id: str) -> UndoReport:
    """Delete a set's replicas and clones. What an array will not let go of yet stays on record as void.

    Clones that are presented are withdrawn first.

    Raises:
        Refused: the end of its run is not known yet.
        ArrayRejected: `array.in-use`; a clone is mounted, open or presented elsewhere. Its array has kept the
            replicas.
        InDoubt: an array could not be asked; the set stays on record.
    """
    recorded = installation.sets.get(set_id)
    if recorded.status is RunStatus.IN_DOUBT:
        raise Refused("policy.set-in-use", "the end of its run is not known yet", subject=set_id)
    callers = array_callers(installation.connections, _arrays_of(installation, recorded))
    undone = asyncio.run(_delete(callers, _names_of(recorded), clones_by_array(recorded.clones)))
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


async def _delete(callers: Sequence[ArrayCaller], names: ObjectNames, clones: Volumes) -> UndoReport:
    clock = SystemClock()
    total = NOTHING_TO_UNDO
    async with connected_arrays(callers) as arrays:
        showing = [array for array in arrays if isinstance(array.provider, Presenter)]
        await hide_clones(showing, clones, ThisMachine())
        # The clones of every array before any replica: one that is in use must not leave half a set behind.
        gone = [await _delete_clones(array, names) for array in arrays]
        for array, before in zip(arrays, gone, strict=True):
            seen = await abort_by_name(array, ArmedCut(names, ()))
            total += await remove_by_name(array, names, clock.now(), clock, (*before, *seen))
    return total


async def _delete_clones(array: ArrayPart, names: ObjectNames) -> Sequence[OwnedObject]:
    """Delete the clones of one attempt on one array, and return what there was of them."""
    owned = await array.provider.owned(names.stem)
    clones = [item for item in owned if item.kind is ObjectKind.CLONE and names.covers(item.name)]
    if clones:
        await array.provider.delete(clones)
    return clones
