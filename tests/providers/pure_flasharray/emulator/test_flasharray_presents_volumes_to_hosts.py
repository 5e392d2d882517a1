"""Hosts, host groups, connections; what a lab reads of the array itself."""

from __future__ import annotations

from orchestrator.plugin import Fault
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.emulator.rest_caller import ManualClock, RestCaller

IQN = "iqn.1991-05.com.microsoft:exch1"


async def test_a_host_has_ports_that_no_other_host_has(admin: RestCaller) -> None:
    made = (await admin.post("hosts", {"iqns": [IQN], "personality": "windows"}, names="h1")).items[0]
    assert made["iqns"] == [IQN]
    assert "already in use" in (await admin.post("hosts", {"iqns": [IQN]}, names="h2")).refusal
    changed = await admin.patch("hosts", {"remove_iqns": [IQN], "add_wwns": ["52:00"]}, names="h1")
    assert (changed.items[0]["iqns"], changed.items[0]["wwns"]) == ([], ["52:00"])
    assert (await admin.post("hosts", {"iqns": [IQN]}, names="h2")).status == 200
    assert "one host at a time" in (await admin.post("hosts", {"iqns": ["x"]}, names="a,b")).refusal
    assert "One host" in (await admin.patch("hosts", {"vlan": "1"}, names="h1,h2")).refusal
    assert (await admin.patch("hosts", {"name": "h3", "vlan": "7"}, names="h1")).items[0]["vlan"] == "7"
    assert (await admin.get("hosts")).names == ["h2", "h3"]


async def test_a_volume_is_presented_under_the_lun_asked_for_or_a_free_one(admin: RestCaller) -> None:
    await admin.post("hosts", names="h")
    first = (await admin.post("connections", {"lun": 1}, host_names="h", volume_names="db")).items[0]
    assert (first["host"]["name"], first["volume"]["name"], first["lun"]) == ("h", "db", 1)
    free = (await admin.post("connections", host_names="h", volume_names="log")).items[0]
    assert free["lun"] == 2
    taken = await admin.post("connections", {"lun": 2}, host_names="h", volume_names="other")
    assert taken.refusal == "The LUN is already in use."
    outside = await admin.post("connections", {"lun": 4096}, host_names="h", volume_names="other")
    assert outside.refusal == "Invalid LUN: 1 to 4095."
    again = await admin.post("connections", host_names="h", volume_names="db")
    assert again.refusal == "Connection already exists."


async def test_what_is_presented_is_not_deleted(admin: RestCaller) -> None:
    await admin.post("hosts", names="h")
    await admin.post("connections", host_names="h", volume_names="db")
    for refused in (
        await admin.patch("volumes", {"destroyed": True}, names="db"),
        await admin.delete("hosts", names="h"),
    ):
        assert "cannot be deleted due to existing connections" in refused.refusal
    assert (await admin.delete("connections", host_names="h", volume_names="db")).status == 200
    gone = await admin.delete("connections", host_names="h", volume_names="db")
    assert gone.refusal == "Connection does not exist."
    assert (await admin.delete("hosts", names="h")).status == 200
    assert (await admin.patch("volumes", {"destroyed": True}, names="db")).status == 200


async def test_a_host_group_shares_its_connections(admin: RestCaller) -> None:
    await admin.post("hosts", names="h1,h2")
    await admin.post("host-groups", names="hg")
    await admin.post("host-groups/hosts", group_names="hg", member_names="h1,h2")
    rows = (await admin.post("connections", host_group_names="hg", volume_names="db")).items
    assert [(row["host"]["name"], row["host_group"]["name"], row["lun"]) for row in rows] == [
        ("h1", "hg", 254),
        ("h2", "hg", 254),
    ]
    assert (await admin.get("hosts", names="h1")).items[0]["connection_count"] == 1
    clash = await admin.post("connections", {"lun": 254}, host_names="h1", volume_names="log")
    assert clash.refusal == "The LUN is already in use."
    assert "existing connections" in (await admin.delete("host-groups", names="hg")).refusal
    only = await admin.get("connections", host_names="h2", volume_names="db", host_group_names="hg")
    assert len(only.items) == 1
    await admin.delete("connections", host_group_names="hg", volume_names="db")
    assert (await admin.delete("host-groups", names="hg")).refusal == "Host group is not empty."


async def test_a_host_joins_and_leaves_host_groups(admin: RestCaller) -> None:
    await admin.post("hosts", names="h")
    await admin.post("host-groups", names="a,b")
    await admin.patch("hosts", {"host_group": {"name": "a"}}, names="h")
    joined = await admin.post("host-groups/hosts", group_names="b", member_names="h")
    assert joined.refusal == "Host already belongs to host group a."
    elsewhere = await admin.delete("host-groups/hosts", group_names="b", member_names="h")
    assert elsewhere.refusal == "Host could not be found in host group b."
    assert [row["group"]["name"] for row in (await admin.get("host-groups/hosts")).items] == ["a"]
    await admin.delete("host-groups/hosts", group_names="a", member_names="h")
    assert (await admin.delete("host-groups", names="a,b")).status == 200
    assert "One host group" not in str((await admin.get("host-groups")).items)


async def test_a_connection_needs_a_host_or_a_host_group(admin: RestCaller) -> None:
    await admin.post("hosts", names="h")
    await admin.post("host-groups", names="a,b")
    assert "Exactly one" in (await admin.post("connections", volume_names="db")).refusal
    both = await admin.post("connections", host_names="h", host_group_names="a", volume_names="db")
    assert "Exactly one" in both.refusal
    two = await admin.post("host-groups/hosts", group_names="a,b", member_names="h")
    assert "One host group" in two.refusal


async def test_an_empty_host_group_may_be_connected(admin: RestCaller) -> None:
    await admin.post("host-groups", names="hg")
    row = (await admin.post("connections", host_group_names="hg", volume_names="db")).items[0]
    assert row["host"] == {}


async def test_the_array_says_who_it_is_and_what_time_it_is(admin: RestCaller, clock: ManualClock) -> None:
    array = (await admin.get("arrays")).items[0]
    assert array["name"] == "fa1"
    assert array["os"] == "Purity//FA"
    assert array["_as_of"] == clock.now_ms()
    assert (await admin.patch("arrays", {"name": "fa2"})).items[0]["id"] == array["id"]
    controllers = await admin.get("controllers", filter="mode='primary'")
    assert controllers.names == ["CT0"]
    assert controllers.items[0]["status"] == "ready"


async def test_a_full_array_says_so_in_every_place(admin: RestCaller, emulator: FlashArrayEmulator) -> None:
    emulator.inject(Fault("full", position=0))
    array = (await admin.get("arrays")).items[0]
    assert array["space"]["total_used"] == array["capacity"]
    refused = await admin.post("volume-snapshots", {"suffix": "a"}, source_names="db")
    assert refused.refusal == "Volume snapshot limit reached."
    refused = await admin.post("volumes", {"source": {"name": "db"}}, names="x")
    assert refused.refusal == "Volume limit reached."
