"""Clones come from replicas of the cut only; deletion takes exactly what it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.errors import ArrayAnswerLost, ArrayRejected, CutNotAuthorised, Refused
from orchestrator.model.arrays import ObjectKind, OwnedObject
from providers.pure_flasharray.client import FlashArrayClient
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.shared.rest import RestArray
from tests.providers.pure_flasharray.desk import NAMES, Desk
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller

CLONE = "POST volumes"


async def test_each_replica_becomes_one_array_volume_with_its_bytes(
    desk: Desk, emulator: FlashArrayEmulator
) -> None:
    _, members = await desk.cut()
    clones = await desk.provider.clone(members, NAMES)
    assert [clone.replica_id for clone in clones] == [member.replica_id for member in members]
    assert {clone.volume.name for clone in clones} == {f"{NAMES.stem}-1", f"{NAMES.stem}-2"}
    for clone, member in zip(clones, members, strict=True):
        assert clone.volume.ours
        replica = emulator.replica_path(member.replica_name)
        assert emulator.replica_path(clone.volume.name).read_bytes() == replica.read_bytes()
    found = await desk.provider.locate([clone.volume.lun_id for clone in clones])
    assert [item.ours for item in found.values()] == [True, True]


async def test_cloning_twice_yields_the_same_ones_in_whatever_order(desk: Desk) -> None:
    _, members = await desk.cut()
    first = await desk.provider.clone(members, NAMES)
    second = await desk.provider.clone(list(reversed(members)), NAMES)
    assert list(reversed(second)) == list(first)


async def test_a_clone_whose_answer_was_lost_is_found_again(desk: Desk) -> None:
    _, members = await desk.cut()
    desk.fault("lost-answer-after-effect", CLONE)
    with pytest.raises(ArrayAnswerLost):
        await desk.provider.clone(members, NAMES)
    assert len(await desk.provider.clone(members, NAMES)) == 2
    assert len([name for name in await desk.left() if name.startswith(f"{NAMES.stem}-")]) == 2


async def test_a_volume_that_only_has_the_name_of_a_clone_is_not_taken_for_one(
    desk: Desk, admin: RestCaller
) -> None:
    _, members = await desk.cut()
    await admin.post("volumes", {"provisioned": 1 << 20}, names=f"{NAMES.stem}-1")
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.clone(members, NAMES)
    assert caught.value.code == "array.name-taken"


async def test_a_full_array_makes_no_clone(desk: Desk) -> None:
    _, members = await desk.cut()
    desk.fault("full", CLONE)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.clone(members, NAMES)
    assert caught.value.code == "array.full"


async def test_a_replica_that_is_not_the_one_that_was_cut_is_not_cloned(desk: Desk) -> None:
    _, (member, _) = await desk.cut()
    for other in (replace(member, replica_id="another"), replace(member, replica_name="another.cut.db")):
        with pytest.raises(ArrayRejected, match="is gone"):
            await desk.provider.clone([other], NAMES)
    assert desk.count(CLONE) == 0


async def test_a_replica_that_was_destroyed_is_not_cloned(desk: Desk, admin: RestCaller) -> None:
    _, members = await desk.cut()
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names=f"{NAMES.stem}.cut")
    with pytest.raises(ArrayRejected, match="is gone"):
        await desk.provider.clone(members, NAMES)


async def test_a_live_array_volume_is_never_the_source_of_a_clone(desk: Desk) -> None:
    client: FlashArrayClient = vars(desk.provider)["_client"]
    with pytest.raises(Refused) as caught:
        await client.clone("copy", "exch-db")
    assert caught.value.code == "policy.break-off-refused"
    assert desk.count(CLONE) == 0


BREAK_OFFS = [
    ("POST", "volume-snapshots"),
    ("POST", "volume-snapshots/batch"),
    ("POST", "protection-group-snapshots"),
    ("POST", "volumes/batch"),
    ("POST", "pods"),
    ("PATCH", "pods"),
    ("DELETE", "pods/arrays"),
    ("DELETE", "pods/members"),
    ("PATCH", "pod-replica-links"),
    ("DELETE", "pod-replica-links"),
]


@pytest.mark.parametrize(("method", "resource"), BREAK_OFFS)
async def test_no_call_that_copies_or_splits_is_sent_without_a_token(
    desk: Desk, method: str, resource: str
) -> None:
    rest: RestArray = vars(vars(desk.provider)["_client"])["_rest"]
    with pytest.raises(CutNotAuthorised):
        await rest.change(method, f"/api/2.26/{resource}", {"source_names": "exch-db"})
    assert desk.count(f"{method} {resource}") == 0


async def test_owned_does_not_rely_on_how_the_array_matches_names(desk: Desk, admin: RestCaller) -> None:
    await admin.post("volumes", {"provisioned": 1 << 20}, names="qsc-abc234-x")
    assert await desk.left("qsc-abc234-") == {"qsc-abc234-x": "live"}
    assert await desk.left("qsc-*-") == {}


async def test_owned_lists_every_object_of_ours_and_nothing_else(desk: Desk, admin: RestCaller) -> None:
    _, members = await desk.cut()
    await desk.provider.clone(members, NAMES)
    await admin.post("protection-groups", names="nightly")
    await admin.post("volumes", {"provisioned": 1 << 20}, names="x-qsc-abc234-")
    assert {item.name: item.kind for item in await desk.owned("qsc-abc234-")} == {
        NAMES.stem: ObjectKind.CONSISTENCY_GROUP,
        f"{NAMES.stem}.cut": ObjectKind.CUT,
        f"{NAMES.stem}-1": ObjectKind.CLONE,
        f"{NAMES.stem}-2": ObjectKind.CLONE,
    }


async def test_deleting_everything_of_an_attempt_leaves_nothing_of_it(desk: Desk) -> None:
    _, members = await desk.cut()
    await desk.provider.clone(members, NAMES)
    assert await desk.provider.delete(await desk.owned()) == []
    assert await desk.left("qsc-") == {}


async def test_deleting_twice_is_success(desk: Desk) -> None:
    await desk.cut()
    objects = await desk.owned()
    await desk.provider.delete(objects)
    assert await desk.provider.delete(objects) == []


async def test_foreign_objects_with_our_prefix_are_untouched(desk: Desk, admin: RestCaller) -> None:
    await admin.post("protection-groups", names="qsc-abc234-strangers-1")
    await admin.post(
        "protection-groups/volumes", group_names="qsc-abc234-strangers-1", member_names="bystander"
    )
    await admin.post("protection-group-snapshots", {"suffix": "cut"}, source_names="qsc-abc234-strangers-1")
    await admin.post("volumes", {"provisioned": 1 << 20}, names=f"{NAMES.stem}9")
    foreign = await desk.left("qsc-")
    armed, members = await desk.cut()
    await desk.provider.clone(members, NAMES)
    ours = [item for item in await desk.owned("qsc-") if NAMES.covers(item.name)]
    await desk.provider.abort(armed)
    await desk.provider.delete(ours)
    assert await desk.left("qsc-") == foreign


async def test_a_clone_alone_can_be_deleted(desk: Desk) -> None:
    _, members = await desk.cut()
    await desk.provider.clone(members, NAMES)
    (clone,) = [item for item in await desk.owned() if item.name == f"{NAMES.stem}-1"]
    await desk.provider.delete([clone])
    assert set(await desk.left()) == {NAMES.stem, f"{NAMES.stem}.cut", f"{NAMES.stem}-2"}


async def test_a_group_is_not_deleted_while_it_holds_a_cut_that_was_not_named(desk: Desk) -> None:
    await desk.cut()
    (group,) = [item for item in await desk.owned() if item.kind is ObjectKind.CONSISTENCY_GROUP]
    with pytest.raises(ArrayRejected, match="still holds"):
        await desk.provider.delete([group])
    assert await desk.left() == {NAMES.stem: "live", f"{NAMES.stem}.cut": "live"}


async def test_an_object_that_only_has_the_name_is_not_deleted(desk: Desk) -> None:
    await desk.arm()
    other = OwnedObject(ObjectKind.CONSISTENCY_GROUP, "another-id", NAMES.stem)
    assert await desk.provider.delete([other]) == []
    assert await desk.left() == {NAMES.stem: "live"}
