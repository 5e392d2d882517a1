"""/protection-group-snapshots: cut a protection group; destroy, recover, eradicate the cut."""

from __future__ import annotations

from functools import partial
from typing import Final

from providers.pure_flasharray.emulator import trials
from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.cuts import PlannedReplica, check_room, cut
from providers.pure_flasharray.emulator.lifecycle import eradicate, set_destroyed
from providers.pure_flasharray.emulator.naming import check_full_name, check_suffix
from providers.pure_flasharray.emulator.objects import ProtectionGroup, ProtectionGroupSnapshot
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

FIELDS: Final = "id name destroyed time_remaining created eradication_config pod source space suffix"


def render(array: FlashArray, made: ProtectionGroupSnapshot) -> Item:
    """Return a protection group snapshot as the API shows it. Its members are volume snapshots."""
    return {
        **made.reference,
        **array.lifetime(made),
        "created": made.created_ms,
        "eradication_config": {"manual_eradication": "disabled" if made.source.ratcheted else "enabled"},
        "pod": {},
        "source": made.source.reference,
        "space": {"snapshots": 0},
        "suffix": made.suffix,
    }


def get(array: FlashArray, call: Call) -> list[Item]:
    """List protection group snapshots."""
    sources = array.protection_groups.picked(call, "source_names", "source_ids")
    return [
        render(array, made)
        for made in array.protection_group_snapshots.shown(call)
        if sources is None or made.source in sources
    ]


def post(array: FlashArray, call: Call) -> list[Item]:
    """Cut protection groups, every member of all of them at one instant."""
    pgs, suffix = _asked_for(array, call)
    made = [_planned_cut(array, pg, suffix) for pg in pgs]
    planned = [replica for one in made for replica in _members(one)]
    for one in made:
        _check_free(array, one)
    replicas = cut(array, planned, call.faults)
    for one in made:
        one.created_ms = min((replica.created_ms for replica in replicas), default=one.created_ms)
        array.protection_group_snapshots.add(one)
    return [render(array, one) for one in made]


def post_test(array: FlashArray, call: Call) -> list[Item]:
    """Say for each protection group whether `post` would cut it."""
    pgs, suffix = _asked_for(array, call)

    def attempt(pg: ProtectionGroup) -> None:
        one = _planned_cut(array, pg, suffix)
        _check_free(array, one)
        check_room(array, _members(one), call.faults)

    return [trials.report(pg, partial(attempt, pg)) for pg in pgs]


def patch(array: FlashArray, call: Call) -> list[Item]:
    """Destroy or recover cuts, with all their members."""
    made = array.protection_group_snapshots.chosen(call)
    if "destroyed" in call.body:
        set_destroyed(array, array.protection_group_snapshots, made, call.body["destroyed"])
    return [render(array, one) for one in made]


def delete(array: FlashArray, call: Call) -> None:
    """Eradicate destroyed cuts, with all their members."""
    eradicate(array, array.protection_group_snapshots.chosen(call), call)


def get_transfer(array: FlashArray, call: Call) -> list[Item]:
    """List the progress of replication: nothing is ever replicated."""
    array.protection_group_snapshots.picked(call)
    return []


def _asked_for(array: FlashArray, call: Call) -> tuple[list[ProtectionGroup], str]:
    pgs = array.protection_groups.chosen(call, "source_names", "source_ids")
    for pg in pgs:
        array.protection_groups.live(pg.name)
        if any(call.flag(key) for key in ("replicate", "replicate_now", "for_replication")):
            raise Refusal("Protection group has no targets.", pg.name)
        if call.flag("apply_retention"):
            raise Refusal("Retention is not emulated: leave apply_retention out.", pg.name)
    suffix = call.body.get("suffix")
    if suffix is None:
        return pgs, array.next_suffix()
    check_suffix(suffix)
    return pgs, suffix


def _planned_cut(array: FlashArray, pg: ProtectionGroup, suffix: str) -> ProtectionGroupSnapshot:
    return ProtectionGroupSnapshot(
        name=f"{pg.name}.{suffix}", source=pg, suffix=suffix, created_ms=array.clock.now_ms()
    )


def _members(made: ProtectionGroupSnapshot) -> list[PlannedReplica]:
    return [
        PlannedReplica(f"{made.name}.{member.name}", made.suffix, member, made)
        for member in made.source.members
        if not member.destroyed
    ]


def _check_free(array: FlashArray, made: ProtectionGroupSnapshot) -> None:
    check_full_name(made.name)
    array.protection_group_snapshots.check_free(made.name)
