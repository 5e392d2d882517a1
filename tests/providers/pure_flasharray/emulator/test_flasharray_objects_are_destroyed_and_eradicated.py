"""Destroyed, recovered, eradicated; names stay taken; SafeMode."""

from __future__ import annotations

import pytest

from orchestrator.plugin import Fault
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.emulator.rest_caller import MIB, ManualClock, RestCaller

DAY_S = 86_400


@pytest.fixture
async def cut(admin: RestCaller) -> str:
    """One cut of a group of two."""
    await admin.post("protection-groups", names="pg")
    await admin.post("protection-groups/volumes", group_names="pg", member_names="db,log")
    return (await admin.post("protection-group-snapshots", {"suffix": "a"}, source_names="pg")).names[0]


async def test_a_destroyed_object_keeps_its_name_until_it_is_eradicated(admin: RestCaller) -> None:
    destroyed = (await admin.patch("volumes", {"destroyed": True}, names="db")).items[0]
    assert (destroyed["destroyed"], destroyed["time_remaining"]) == (True, DAY_S * 1000)
    again = await admin.post("volumes", {"provisioned": MIB}, names="db")
    assert again.refusal == "Volume has been destroyed."
    assert (await admin.delete("volumes", names="db")).body is None
    assert (await admin.post("volumes", {"provisioned": MIB}, names="db")).names == ["db"]


async def test_what_is_destroyed_is_refused_for_everything_but_recovery(admin: RestCaller) -> None:
    await admin.patch("volumes", {"destroyed": True}, names="db")
    destroyed = "Volume has been destroyed."
    assert (await admin.patch("volumes", {"destroyed": True}, names="db")).refusal == destroyed
    assert (await admin.patch("volumes", {"name": "x"}, names="db")).refusal == destroyed
    assert (await admin.post("volume-snapshots", source_names="db")).refusal == destroyed
    assert (await admin.post("volumes", {"source": {"name": "db"}}, names="x")).refusal == destroyed
    recovered = (await admin.patch("volumes", {"destroyed": False}, names="db")).items[0]
    assert (recovered["destroyed"], recovered["time_remaining"]) == (False, None)
    assert "not destroyed" in (await admin.patch("volumes", {"destroyed": False}, names="db")).refusal


async def test_a_listing_tells_the_destroyed_from_the_others(admin: RestCaller) -> None:
    await admin.patch("volumes", {"destroyed": True}, names="db")
    assert (await admin.get("volumes", destroyed="true")).names == ["db"]
    assert (await admin.get("volumes", destroyed="false")).names == ["log", "other"]
    assert (await admin.get("volumes")).names == ["db", "log", "other"]
    assert (await admin.get("volumes", names="db")).names == ["db"]
    refused = await admin.get("volumes", names="db", destroyed="false")
    assert refused.refusal == "Volume does not exist."


async def test_only_the_destroyed_is_eradicated(
    admin: RestCaller, emulator: FlashArrayEmulator, cut: str
) -> None:
    for resource, name in (
        ("volumes", "db"),
        ("protection-groups", "pg"),
        ("protection-group-snapshots", cut),
    ):
        assert "Must be destroyed" in (await admin.delete(resource, names=name)).refusal


async def test_all_or_none_is_destroyed(admin: RestCaller) -> None:
    await admin.patch("volumes", {"destroyed": True}, names="log")
    assert (await admin.patch("volumes", {"destroyed": True}, names="db,log")).status == 400
    assert (await admin.get("volumes", names="db")).items[0]["destroyed"] is False


async def test_a_member_of_a_group_cut_is_not_destroyed_alone(admin: RestCaller, cut: str) -> None:
    said = "Volume snapshot is part of a protection group snapshot."
    assert (await admin.patch("volume-snapshots", {"destroyed": True}, names=f"{cut}.db")).refusal == said
    assert (await admin.delete("volume-snapshots", names=f"{cut}.db")).refusal == said


async def test_members_share_the_fate_of_their_cut(
    admin: RestCaller, emulator: FlashArrayEmulator, cut: str
) -> None:
    path = emulator.replica_path(f"{cut}.db")
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names=cut)
    assert len((await admin.get("volume-snapshots", destroyed="true")).items) == 2
    await admin.patch("protection-group-snapshots", {"destroyed": False}, names=cut)
    assert len((await admin.get("volume-snapshots", destroyed="false")).items) == 2
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names=cut)
    await admin.delete("protection-group-snapshots", names=cut)
    assert (await admin.get("volume-snapshots")).items == []
    assert not path.exists()


async def test_cuts_share_the_fate_of_their_group(admin: RestCaller, cut: str) -> None:
    await admin.post("protection-group-snapshots", {"suffix": "b"}, source_names="pg")
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names="pg.b")
    await admin.patch("protection-groups", {"destroyed": True}, names="pg")
    assert (await admin.get("protection-group-snapshots", destroyed="false")).items == []
    await admin.patch("protection-groups", {"destroyed": False}, names="pg")
    both = (await admin.get("protection-group-snapshots", sort="name")).items
    assert [item["destroyed"] for item in both] == [False, False]


async def test_what_was_destroyed_before_its_group_stays_so(
    admin: RestCaller, cut: str, clock: ManualClock
) -> None:
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names=cut)
    clock.at_s += 1
    await admin.patch("protection-groups", {"destroyed": True}, names="pg")
    await admin.patch("protection-groups", {"destroyed": False}, names="pg")
    assert (await admin.get("protection-group-snapshots", names=cut)).items[0]["destroyed"] is True


async def test_a_volumes_own_replicas_go_with_it_and_those_in_group_cuts_stay(
    admin: RestCaller, cut: str
) -> None:
    await admin.post("volume-snapshots", {"suffix": "own"}, source_names="db")
    await admin.patch("volumes", {"destroyed": True}, names="db")
    assert (await admin.get("volume-snapshots", destroyed="true")).names == ["db.own"]
    await admin.delete("volumes", names="db")
    assert (await admin.get("volume-snapshots", sort="name")).names == [f"{cut}.db", f"{cut}.log"]
    rows = (await admin.get("protection-groups/volumes", group_names="pg")).items
    assert [row["member"]["name"] for row in rows] == ["log"]


async def test_a_destroyed_member_is_not_cut(admin: RestCaller, cut: str) -> None:
    await admin.patch("volumes", {"destroyed": True}, names="db")
    await admin.post("protection-group-snapshots", {"suffix": "b"}, source_names="pg")
    assert (await admin.get("volume-snapshots", filter="name='pg.b.*'")).names == ["pg.b.log"]


async def test_time_eradicates(admin: RestCaller, clock: ManualClock, emulator: FlashArrayEmulator) -> None:
    await admin.patch("arrays", {"idle_timeout": 0})
    await admin.patch("volumes", {"destroyed": True}, names="db")
    clock.at_s += DAY_S - 1
    await admin.patch("volumes", {"destroyed": True}, names="log")
    assert (await admin.get("volumes", names="db")).items[0]["time_remaining"] == 1000
    clock.at_s += 1
    assert (await admin.get("volumes")).names == ["log", "other"]
    clock.at_s += DAY_S
    assert (await admin.get("volumes")).names == ["other"]


async def test_safe_mode_of_the_array_refuses_eradication_and_nothing_else(
    admin: RestCaller, emulator: FlashArrayEmulator, cut: str
) -> None:
    enabled = (await admin.get("arrays")).items[0]["eradication_config"]
    assert enabled["manual_eradication"] == "all-enabled"
    assert "unsupported" in (await admin.patch("arrays", {"eradication_config": enabled})).refusal
    emulator.enable_safe_mode()
    config = (await admin.get("arrays")).items[0]["eradication_config"]
    assert config["manual_eradication"] == "all-disabled"
    assert (await admin.patch("protection-groups", {"destroyed": True}, names="pg")).status == 200
    for resource, name in (("protection-group-snapshots", cut), ("protection-groups", "pg")):
        assert (await admin.delete(resource, names=name)).refusal == "Manual eradication is disabled."


async def test_a_ratcheted_group_cannot_be_destroyed_or_lose_members_or_cuts(
    admin: RestCaller, cut: str
) -> None:
    assert (await admin.patch("protection-groups", {"retention_lock": "loose"}, names="pg")).status == 400
    locked = (await admin.patch("protection-groups", {"retention_lock": "ratcheted"}, names="pg")).items[0]
    assert locked["retention_lock"] == "ratcheted"
    assert locked["eradication_config"] == {"manual_eradication": "disabled"}
    partly = (await admin.get("arrays")).items[0]["eradication_config"]["manual_eradication"]
    assert partly == "partially-disabled"
    for refused in (
        await admin.patch("protection-groups", {"destroyed": True}, names="pg"),
        await admin.patch("protection-groups", {"retention_lock": "unlocked"}, names="pg"),
        await admin.patch("protection-groups", {"source_retention": {"days": 0}}, names="pg"),
        await admin.delete("protection-groups/volumes", group_names="pg", member_names="db"),
    ):
        assert "retention lock is ratcheted" in refused.refusal
    added = await admin.post("protection-groups/volumes", group_names="pg", member_names="other")
    assert added.status == 200
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names=cut)
    await admin.patch("volumes", {"destroyed": True}, names="db")
    for resource, name in (("protection-group-snapshots", cut), ("volumes", "db")):
        assert (await admin.delete(resource, names=name)).refusal == "Manual eradication is disabled."


async def test_eradication_can_be_made_to_fail(
    admin: RestCaller, emulator: FlashArrayEmulator, cut: str
) -> None:
    emulator.inject(Fault("refuse-eradication", "DELETE protection-groups"))
    await admin.patch("protection-groups", {"destroyed": True}, names="pg")
    refused = await admin.delete("protection-groups", names="pg")
    assert refused.refusal == "Manual eradication is disabled."
    assert (await admin.delete("protection-groups", names="pg")).status == 200


async def test_the_eradication_delay_is_whole_days(admin: RestCaller) -> None:
    bad = {"eradication_config": {"eradication_delay": 1}}
    assert "eradication_delay" in (await admin.patch("arrays", bad)).refusal
    config = {"eradication_config": {"eradication_delay": 2 * DAY_S * 1000}}
    assert (await admin.patch("arrays", config)).status == 200
    destroyed = (await admin.patch("volumes", {"destroyed": True}, names="db")).items[0]
    assert destroyed["time_remaining"] == 2 * DAY_S * 1000
