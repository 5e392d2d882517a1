"""Destroyed, recovered, eradicated: what happens to an object and to all that hangs on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.objects import (
    ArrayVolume,
    Kept,
    ProtectionGroup,
    ProtectionGroupSnapshot,
    VolumeSnapshot,
)
from providers.pure_flasharray.emulator.shelf import Shelf
from providers.pure_flasharray.emulator.wire import Call, Refusal


def set_destroyed(array: FlashArray, shelf: Shelf[Any], things: Sequence[Kept], destroyed: bool) -> None:
    """Destroy or recover objects, all or none, and what hangs on them."""
    for kept in things:
        if kept.destroyed is destroyed:
            said = "has been destroyed" if destroyed else "is not destroyed"
            raise Refusal(f"{shelf.noun} {said}.", kept.name)
    at_ms = array.clock.now_ms() + array.eradication_delay_ms
    for kept in things:
        if destroyed:
            _destroy(array, kept, at_ms)
        else:
            _recover(array, kept, kept.eradicates_at_ms)


def eradicate(array: FlashArray, things: Sequence[Kept], call: Call) -> None:
    """Erase destroyed objects, all or none, unless SafeMode holds one."""
    for kept in things:
        if not kept.destroyed:
            raise Refusal("Must be destroyed before it can be eradicated.", kept.name)
        if array.safe_mode or _is_locked(array, kept) or "refuse-eradication" in call.faults:
            raise Refusal("Manual eradication is disabled.", kept.name)
    for kept in things:
        _erase(array, kept)


def is_reaping_due(array: FlashArray) -> bool:
    """Tell whether the time of a destroyed object may have run out."""
    return array.next_eradication_ms is not None and array.next_eradication_ms <= array.clock.now_ms()


def reap(array: FlashArray) -> None:
    """Erase the destroyed objects whose time has run out. SafeMode does not hold those."""
    now_ms = array.clock.now_ms()
    while (kept := next(_destroyed_until(array, now_ms), None)) is not None:
        _erase(array, kept)
    array.next_eradication_ms = min(
        (kept.eradicates_at_ms for kept in _destroyed_until(array, None) if kept.eradicates_at_ms),
        default=None,
    )


def _destroyed_until(array: FlashArray, at_ms: int | None) -> Iterator[Kept]:
    shelves = (
        array.protection_groups,
        array.protection_group_snapshots,
        array.volumes,
        array.volume_snapshots,
    )
    for kept in chain[Kept](*shelves):
        if kept.eradicates_at_ms is not None and (at_ms is None or kept.eradicates_at_ms <= at_ms):
            yield kept


def _hanging_on(array: FlashArray, kept: Kept) -> list[Kept]:
    match kept:
        case ArrayVolume():
            return [s for s in array.volume_snapshots if s.source is kept and s.part_of is None]
        case ProtectionGroup():
            return [s for s in array.protection_group_snapshots if s.source is kept]
        case ProtectionGroupSnapshot():
            return [s for s in array.volume_snapshots if s.part_of is kept]
        case _:
            return []


def _destroy(array: FlashArray, kept: Kept, at_ms: int) -> None:
    if not kept.destroyed:
        kept.eradicates_at_ms = at_ms
        array.next_eradication_ms = min(at_ms, array.next_eradication_ms or at_ms)
        for part in _hanging_on(array, kept):
            _destroy(array, part, at_ms)


def _recover(array: FlashArray, kept: Kept, at_ms: int | None) -> None:
    if kept.eradicates_at_ms == at_ms:  # what had been destroyed before its owner stays so
        kept.eradicates_at_ms = None
        for part in _hanging_on(array, kept):
            _recover(array, part, at_ms)


def _is_locked(array: FlashArray, kept: Kept) -> bool:
    match kept:
        case ArrayVolume():
            return any(pg.ratcheted and kept in pg.members for pg in array.protection_groups)
        case ProtectionGroup():
            return kept.ratcheted
        case ProtectionGroupSnapshot():
            return kept.source.ratcheted
        case _:
            return False


def _erase(array: FlashArray, kept: Kept) -> None:
    for part in _hanging_on(array, kept):
        _erase(array, part)
    match kept:
        case ArrayVolume():
            for pg in array.protection_groups:
                pg.members = [member for member in pg.members if member is not kept]
            array.volumes.remove(kept)
            kept.path.unlink()
        case VolumeSnapshot():
            array.volume_snapshots.remove(kept)
            kept.path.unlink()
        case ProtectionGroup():
            array.protection_groups.remove(kept)
        case ProtectionGroupSnapshot():
            array.protection_group_snapshots.remove(kept)
        case _:
            raise TypeError(f"{kept!r} is never eradicated")
