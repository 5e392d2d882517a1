"""Removal of everything a run made, until nothing of it is left or the array has said why (R3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.engine.clock import Clock
from orchestrator.engine.cut import PendingCut
from orchestrator.engine.parts import ArrayPart
from orchestrator.errors import ArrayBusy, ArrayRejected, OrchestratorError, Refused
from orchestrator.model.arrays import ArmedCut, OwnedObject
from orchestrator.model.names import ObjectNames

POLLS_PER_LIFE: Final = 10  # how often a name is looked up while a lost request may still be executed


@dataclass(frozen=True, slots=True)
class Remains:
    """An object of a run that was found on an array, and what became of it in the end."""

    array_name: str
    array_id: str
    item: OwnedObject

    def __str__(self) -> str:
        return f"{self.array_name}: {self.item.kind} {self.item.name}"


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What became of a run's objects. `in_doubt` says in words what is not known yet."""

    removed: tuple[Remains, ...] = ()
    void_pending: tuple[Remains, ...] = ()
    in_doubt: tuple[str, ...] = ()

    def __add__(self, other: UndoReport) -> UndoReport:
        return UndoReport(
            self.removed + other.removed,
            self.void_pending + other.void_pending,
            self.in_doubt + other.in_doubt,
        )


NOTHING_TO_UNDO: Final = UndoReport()


async def undo_cuts(cuts: Sequence[PendingCut], clock: Clock) -> UndoReport:
    """Undo every array's part, side by side."""
    return sum(await asyncio.gather(*(_undo_cut(cut, clock) for cut in cuts)), NOTHING_TO_UNDO)


async def _undo_cut(cut: PendingCut, clock: Clock) -> UndoReport:
    array, names, life_s = cut.array, cut.armed.names, cut.array.capabilities.request_life_s
    try:
        seen = await abort_by_name(array, cut.armed)
        if cut.task is not None:
            await asyncio.wait({cut.task}, timeout=life_s)
            cut.task.cancel()
        until = clock.now() if _outcome_is_known(cut) else clock.now() + life_s
        return await remove_by_name(array, names, until, clock, seen)
    except OrchestratorError as error:
        return UndoReport(in_doubt=(f"{array.name}: {error}",))


def _outcome_is_known(cut: PendingCut) -> bool:
    """Whether nothing of ours can be executed any more: all was answered, turned down, or never asked."""
    if cut.task is None:
        return not cut.arming_lost
    return cut.answer is not None or isinstance(cut.error, ArrayRejected | ArrayBusy | Refused)


async def abort_by_name(array: ArrayPart, armed: ArmedCut) -> Sequence[OwnedObject]:
    """Take away what a cut request still under way would need, and return what was there before."""
    seen = await _owned(array, armed.names)
    await array.provider.abort(armed)
    return seen


async def remove_by_name(
    array: ArrayPart, names: ObjectNames, until: float, clock: Clock, seen: Sequence[OwnedObject]
) -> UndoReport:
    """Delete what one attempt owns on one array, and go on looking its names up until the given instant.

    Args:
        array: where.
        names: the attempt.
        until: on `clock`; at least one look is taken.
        clock: ours.
        seen: objects that were there before and may be gone by now.

    Raises:
        ArrayError: the array cannot be asked.
    """
    met = {item.object_id: item for item in seen}
    while True:
        found = await _owned(array, names)
        kept = await array.provider.delete(found)  # void ones too: by now the array may let go of them
        met |= {item.object_id: item for item in found}
        void = {item.object_id for item in kept}
        if clock.now() >= until:
            return UndoReport(
                removed=_remains(array, (item for key, item in met.items() if key not in void)),
                void_pending=_remains(array, (item for key, item in met.items() if key in void)),
            )
        await asyncio.sleep(array.capabilities.request_life_s / POLLS_PER_LIFE)


async def _owned(array: ArrayPart, names: ObjectNames) -> list[OwnedObject]:
    return [item for item in await array.provider.owned(names.stem) if names.covers(item.name)]


def _remains(array: ArrayPart, items: Iterable[OwnedObject]) -> tuple[Remains, ...]:
    return tuple(Remains(array.name, array.identity.array_id, item) for item in items)
