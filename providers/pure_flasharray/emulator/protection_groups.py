"""/protection-groups and their members."""

from __future__ import annotations

from typing import Final

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.lifecycle import eradicate, set_destroyed
from providers.pure_flasharray.emulator.naming import check_name
from providers.pure_flasharray.emulator.objects import ArrayVolume, ProtectionGroup
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

RATCHETED: Final = {"ratcheted": True, "unlocked": False}
FIELDS: Final = (
    "id name destroyed time_remaining eradication_config host_count host_group_count is_local pod "
    "replication_schedule retention_lock snapshot_schedule source source_retention space target_count "
    "target_retention volume_count"
)


def render(array: FlashArray, pg: ProtectionGroup) -> Item:
    """Return a protection group as the API shows it."""
    return {
        **pg.reference,
        **array.lifetime(pg),
        "eradication_config": {"manual_eradication": "disabled" if pg.ratcheted else "enabled"},
        "host_count": 0,
        "host_group_count": 0,
        "is_local": True,
        "pod": {},
        "replication_schedule": {"enabled": False, "frequency": 14_400_000},
        "retention_lock": "ratcheted" if pg.ratcheted else "unlocked",
        "snapshot_schedule": {"enabled": False, "frequency": 3_600_000},
        "source": {"id": array.array_id, "name": array.name},
        "source_retention": pg.source_retention,
        "space": {"total_provisioned": sum(member.provisioned for member in pg.members)},
        "target_count": 0,
        "target_retention": {"all_for_sec": 86_400, "days": 7, "per_day": 4},
        "volume_count": len(pg.members),
    }


def get(array: FlashArray, call: Call) -> list[Item]:
    """List protection groups."""
    return [render(array, pg) for pg in array.protection_groups.shown(call)]


def post(array: FlashArray, call: Call) -> list[Item]:
    """Create empty protection groups."""
    names = call.required("names")
    for name in names:
        check_name(name)
        array.protection_groups.check_free(name)
    made = [ProtectionGroup(name=name) for name in names]
    for pg in made:
        array.protection_groups.add(pg)
    return [render(array, pg) for pg in made]


def patch(array: FlashArray, call: Call) -> list[Item]:
    """Rename, lock, destroy or recover protection groups."""
    pgs, body = array.protection_groups.chosen(call), call.body
    if "destroyed" in body:
        _check_unlocked(pgs)
        set_destroyed(array, array.protection_groups, pgs, body["destroyed"])
        return [render(array, pg) for pg in pgs]
    for pg in pgs:
        array.protection_groups.live(pg.name)
    if "retention_lock" in body:
        _set_lock(pgs, body["retention_lock"])
    if "source_retention" in body:
        _check_unlocked(pgs)
        for pg in pgs:
            pg.source_retention = {**pg.source_retention, **body["source_retention"]}
    if "name" in body:
        _rename(array, pgs, body["name"])
    return [render(array, pg) for pg in pgs]


def delete(array: FlashArray, call: Call) -> None:
    """Eradicate destroyed protection groups."""
    eradicate(array, array.protection_groups.chosen(call), call)


def get_members(array: FlashArray, call: Call) -> list[Item]:
    """List which volumes are in which protection groups."""
    pgs = array.protection_groups.picked(call, "group_names", "group_ids")
    volumes = array.volumes.picked(call, "member_names", "member_ids")
    destroyed = call.flag("member_destroyed")
    return [
        _membership(pg, member)
        for pg in (array.protection_groups if pgs is None else pgs)
        for member in pg.members
        if (volumes is None or member in volumes) and destroyed in (None, member.destroyed)
    ]


def post_members(array: FlashArray, call: Call) -> list[Item]:
    """Put volumes into protection groups."""
    wanted = _named_memberships(array, call)
    for pg, volume in wanted:
        array.protection_groups.live(pg.name)
        array.volumes.live(volume.name)
        if volume in pg.members:
            raise Refusal(f"Volume already belongs to protection group {pg.name}.", volume.name)
    for pg, volume in wanted:
        pg.members = [*pg.members, volume]
    return [_membership(pg, volume) for pg, volume in wanted]


def delete_members(array: FlashArray, call: Call) -> None:
    """Take volumes out of protection groups."""
    unwanted = _named_memberships(array, call)
    _check_unlocked([pg for pg, _ in unwanted])
    for pg, volume in unwanted:
        if volume not in pg.members:
            raise Refusal(f"Volume could not be found in protection group {pg.name}.", volume.name)
    for pg, volume in unwanted:
        pg.members = [member for member in pg.members if member is not volume]


def get_targets(array: FlashArray, call: Call) -> list[Item]:
    """List replication targets: there are none."""
    array.protection_groups.picked(call, "group_names", "group_ids")
    return []


def _named_memberships(array: FlashArray, call: Call) -> list[tuple[ProtectionGroup, ArrayVolume]]:
    pgs = array.protection_groups.chosen(call, "group_names", "group_ids")
    volumes = array.volumes.chosen(call, "member_names", "member_ids")
    return [(pg, volume) for pg in pgs for volume in volumes]


def _membership(pg: ProtectionGroup, member: ArrayVolume) -> Item:
    return {"group": pg.reference, "member": {**member.reference, "destroyed": member.destroyed}}


def _check_unlocked(pgs: list[ProtectionGroup]) -> None:
    for pg in pgs:
        if pg.ratcheted:
            raise Refusal("Operation is not permitted: the retention lock is ratcheted.", pg.name)


def _set_lock(pgs: list[ProtectionGroup], lock: str) -> None:
    if lock not in RATCHETED:
        raise Refusal("Invalid value for retention_lock.", lock)
    if not RATCHETED[lock]:
        _check_unlocked(pgs)  # only the vendor's support lowers it
    for pg in pgs:
        pg.ratcheted = RATCHETED[lock]


def _rename(array: FlashArray, pgs: list[ProtectionGroup], name: str) -> None:
    if len(pgs) != 1:
        raise Refusal("One protection group at a time can be renamed.", name)
    check_name(name)
    array.protection_groups.check_free(name)
    old = pgs[0].name
    array.protection_groups.rename(pgs[0], name)
    for made in array.protection_group_snapshots:
        if made.source is pgs[0]:
            array.protection_group_snapshots.rename(made, f"{name}.{made.suffix}")
    for replica in array.volume_snapshots:
        if replica.part_of is not None and replica.part_of.source is pgs[0]:
            array.volume_snapshots.rename(replica, name + replica.name.removeprefix(old))
