"""A cut in which nothing goes wrong, and each of its steps done twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.errors import ArrayRejected, CutNotAuthorised
from orchestrator.lab.arrays import ServedArray
from orchestrator.model.arrays import ArmedCut, ArrayVolume, ObjectKind
from orchestrator.model.names import ObjectNames
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import FlashArrayProvider
from tests.providers.pure_flasharray.desk import CUT, NAMES, Desk, connected
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller
from tests.providers.shared.rest_server import TestToken


async def test_a_cut_holds_exactly_the_planned_array_volumes_at_one_instant(desk: Desk) -> None:
    before = datetime.now(UTC)
    _, members = await desk.cut()
    assert {member.source_volume_id for member in members} == {item.volume_id for item in desk.volumes}
    assert {member.replica_name for member in members} == {
        f"{NAMES.stem}.cut.exch-db",
        f"{NAMES.stem}.cut.exch-log",
    }
    (instant,) = {member.cut_at for member in members}
    assert before - timedelta(milliseconds=1) <= instant <= datetime.now(UTC)


async def test_one_request_per_cut(desk: Desk) -> None:
    armed = await desk.arm()
    before = sum(desk.emulator.front.calls.counts.values())
    await desk.commit(armed)
    assert desk.count(CUT) == 1
    assert sum(desk.emulator.front.calls.counts.values()) == before + 1


async def test_refuses_a_cut_without_a_live_token(desk: Desk) -> None:
    armed = await desk.arm()
    with pytest.raises(CutNotAuthorised):
        await desk.provider.commit(armed, TestToken(["another-array"]))
    assert desk.count(CUT) == 0
    assert await desk.left() == {NAMES.stem: "live"}


async def test_arming_makes_nothing_but_a_protection_group_of_the_attempts_name(desk: Desk) -> None:
    await desk.arm()
    assert await desk.left("qsc-") == {NAMES.stem: "live"}
    made = [call for call in desk.emulator.front.calls.counts if not call.startswith("GET")]
    assert sorted(made) == [
        "POST login",
        "POST protection-group-snapshots/test",
        "POST protection-groups",
        "POST protection-groups/volumes",
    ]


async def test_arming_twice_yields_one_consistency_group(desk: Desk) -> None:
    assert await desk.arm() == await desk.arm()
    assert await desk.left() == {NAMES.stem: "live"}
    assert desk.count("POST protection-groups/volumes") == 1


async def test_arming_completes_what_an_earlier_attempt_to_arm_left_half_done(
    desk: Desk, admin: RestCaller
) -> None:
    await admin.post("protection-groups", names=NAMES.stem)
    await admin.post("protection-groups/volumes", group_names=NAMES.stem, member_names="exch-db")
    _, members = await desk.cut()
    assert len(members) == 2


async def test_an_array_volume_that_was_renamed_since_it_was_located_is_still_the_one(
    desk: Desk, admin: RestCaller
) -> None:
    await admin.patch("volumes", {"name": "exch-db-2"}, names="exch-db")
    _, members = await desk.cut()
    assert {member.source_volume_id for member in members} == {item.volume_id for item in desk.volumes}


async def test_an_abort_removes_the_group_and_the_cut_and_can_be_repeated(desk: Desk) -> None:
    armed, _ = await desk.cut()
    await desk.provider.abort(armed)
    await desk.provider.abort(armed)
    assert await desk.left() == {}


async def test_an_abort_needs_nothing_but_the_names(desk: Desk) -> None:
    await desk.cut()
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert await desk.left() == {}


async def test_an_abort_before_anything_was_made_is_success(desk: Desk) -> None:
    await desk.provider.abort(ArmedCut(NAMES, tuple(desk.volumes)))
    assert await desk.left() == {}


async def test_attempt_one_does_not_touch_what_attempt_ten_made(desk: Desk) -> None:
    tenth = ObjectNames(NAMES.installation, NAMES.run_id, 10)
    armed = await desk.arm()
    await desk.arm(tenth)
    await desk.provider.abort(armed)
    assert await desk.left("qsc-") == {tenth.stem: "live"}


async def test_a_cut_of_sixty_four_array_volumes_is_one_request(
    desk: Desk, emulator: FlashArrayEmulator, admin: RestCaller
) -> None:
    names = [f"{'x' * 58}-{number:03}" for number in range(64)]
    for name in names:
        await admin.post("volumes", {"provisioned": 1 << 20}, names=name)
    luns = {item["name"]: item["lun_id"] for item in emulator.describe()["volumes"]}
    found = await desk.provider.locate([luns[name] for name in names])
    desk.volumes = list(found.values())
    armed, members = await desk.cut()
    assert len(members) == desk.provider.capabilities.max_volumes_per_cut == 64
    assert desk.count(CUT) == 1
    clones = await desk.provider.clone(members, NAMES)
    assert len({clone.volume.lun_id for clone in clones}) == 64
    await desk.provider.abort(armed)


async def test_an_older_version_of_the_api_cuts_and_aborts_just_the_same(
    served: ServedArray, emulator: FlashArrayEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.pure_flasharray.client.VERSIONS", ("2.4",))
    async with connected(served) as provider:
        desk = await Desk.plan(emulator, provider)
        armed, members = await desk.cut()
        assert len(members) == 2
        assert len(await provider.clone(members, NAMES)) == 2
        await provider.abort(armed)
        assert set(await desk.left()) == {f"{NAMES.stem}-1", f"{NAMES.stem}-2"}
    assert desk.count("POST protection-group-snapshots/test") == 0


async def test_an_array_volume_that_is_gone_is_not_armed(desk: Desk, admin: RestCaller) -> None:
    await admin.patch("volumes", {"destroyed": True}, names="exch-db")
    with pytest.raises(ArrayRejected, match="it is gone") as caught:
        await desk.arm()
    assert caught.value.code == "array.volume-not-supported"
    assert await desk.left() == {}


async def test_an_id_that_is_another_array_volumes_is_not_armed(desk: Desk) -> None:
    first, second = desk.volumes
    mixed = ArrayVolume("not-its-id", first.name, first.lun_id, first.size_bytes)
    with pytest.raises(ArrayRejected):
        await desk.provider.arm([mixed, second], NAMES)
    assert await desk.left() == {}


async def test_a_provider_says_what_it_is(provider: FlashArrayProvider, emulator: FlashArrayEmulator) -> None:
    identity = await provider.identify()
    assert (identity.name, identity.product, identity.emulated) == ("fa1", "Purity//FA", True)
    kinds = {item.kind for item in await provider.owned("qsc-")}
    assert kinds <= set(ObjectKind)
    sample = await provider.clock()
    assert sample.at.tzinfo is UTC
    assert abs((sample.at - datetime.now(UTC)).total_seconds()) < 5
