"""/volume-snapshots: cut, rename, destroy, recover, eradicate."""

from __future__ import annotations

from functools import partial
from typing import Final

from providers.pure_flasharray.emulator import trials
from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.cuts import PlannedReplica, check_room, cut
from providers.pure_flasharray.emulator.lifecycle import eradicate, set_destroyed
from providers.pure_flasharray.emulator.naming import check_full_name, check_suffix
from providers.pure_flasharray.emulator.objects import VolumeSnapshot
from providers.pure_flasharray.emulator.wire import Call, Item, Refusal

FIELDS: Final = (
    "id name destroyed time_remaining created pod provisioned serial source space suffix volume_group"
)


def render(array: FlashArray, replica: VolumeSnapshot) -> Item:
    """Return a volume snapshot as the API shows it."""
    return {
        **replica.reference,
        **array.lifetime(replica),
        "created": replica.created_ms,
        "pod": {},
        "provisioned": replica.provisioned,
        "serial": replica.serial,
        "source": replica.source.reference,
        "space": {"snapshots": 0, "total_provisioned": replica.provisioned},
        "suffix": replica.suffix,
        "volume_group": {},
    }


def get(array: FlashArray, call: Call) -> list[Item]:
    """List volume snapshots, members of protection groups' cuts included."""
    sources = array.volumes.picked(call, "source_names", "source_ids")
    return [
        render(array, replica)
        for replica in array.volume_snapshots.shown(call)
        if sources is None or replica.source in sources
    ]


def post(array: FlashArray, call: Call) -> list[Item]:
    """Cut volumes, all at one instant."""
    replicas = cut(array, plan(array, call), call.faults)
    return [render(array, replica) for replica in replicas]


def post_test(array: FlashArray, call: Call) -> list[Item]:
    """Say for each volume whether `post` would cut it."""
    return [
        trials.report(replica.source, partial(check_room, array, [replica], call.faults))
        for replica in plan(array, call)
    ]


def plan(array: FlashArray, call: Call) -> list[PlannedReplica]:
    """Return what `post` would make."""
    sources = array.volumes.chosen(call, "source_names", "source_ids")
    suffix = call.body.get("suffix")
    if suffix is None:
        suffix = array.next_suffix()
    else:
        check_suffix(suffix)
    return [
        PlannedReplica(f"{source.name}.{suffix}", suffix, array.volumes.live(source.name))
        for source in sources
    ]


def patch(array: FlashArray, call: Call) -> list[Item]:
    """Rename, destroy or recover volume snapshots that are not members of a protection group's cut."""
    replicas = array.volume_snapshots.chosen(call)
    _check_alone(replicas)
    if "destroyed" in call.body:
        set_destroyed(array, array.volume_snapshots, replicas, call.body["destroyed"])
    if "name" in call.body:
        _rename(array, replicas, call.body["name"])
    return [render(array, replica) for replica in replicas]


def delete(array: FlashArray, call: Call) -> None:
    """Eradicate destroyed volume snapshots."""
    replicas = array.volume_snapshots.chosen(call)
    _check_alone(replicas)
    eradicate(array, replicas, call)


def _check_alone(replicas: list[VolumeSnapshot]) -> None:
    for replica in replicas:
        if replica.part_of is not None:
            raise Refusal("Volume snapshot is part of a protection group snapshot.", replica.name)


def _rename(array: FlashArray, replicas: list[VolumeSnapshot], name: str) -> None:
    prefix, _, suffix = name.rpartition(".")
    if len(replicas) != 1 or prefix != replicas[0].source.name:
        raise Refusal("One volume snapshot at a time can be given another suffix.", name)
    check_suffix(suffix)
    check_full_name(name)
    array.volume_snapshots.check_free(name)
    array.volume_snapshots.rename(replicas[0], name)
    replicas[0].suffix = suffix
