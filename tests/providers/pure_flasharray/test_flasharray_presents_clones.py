"""Clones are connected to the one host object that is this machine's, and nothing else is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import ArrayError, ArrayRejected
from orchestrator.model.arrays import ArrayVolume
from providers.pure_flasharray.client import FlashArrayClient
from providers.pure_flasharray.mapping import ConnectionRow
from tests.providers.pure_flasharray.screen import CONNECT, DISCONNECT, HOST, REFUSING, Screen


async def test_clones_turn_up_where_the_presentation_says_and_go_again(screen: Screen) -> None:
    shown = await screen.provider.present(screen.clones)
    for each, clone in zip(shown, screen.clones, strict=True):
        assert (each.volume_id, each.device) == (clone.volume_id, each.file)
        assert Path(each.file).name == f"wwn-0x{clone.lun_id.removeprefix('naa.')}"
        assert screen.bytes_of(each) == screen.desk.emulator.replica_path(clone.name).read_bytes()
    assert await screen.connections() == {(HOST, clone.name) for clone in screen.clones}
    await screen.provider.withdraw(screen.clones)
    assert await screen.connections() == set()
    assert screen.seen() == set()


async def test_presenting_twice_yields_the_same_and_so_does_withdrawing(screen: Screen) -> None:
    assert await screen.present() == await screen.present()
    assert screen.desk.count(CONNECT) == 2
    await screen.provider.withdraw(screen.clones)
    await screen.provider.withdraw(screen.clones)
    assert screen.desk.count(DISCONNECT) == 2


async def test_one_clone_can_be_withdrawn_alone(screen: Screen) -> None:
    await screen.present()
    await screen.provider.withdraw(screen.clones[:1])
    assert await screen.connections() == {(HOST, screen.clones[1].name)}


async def test_a_listing_that_is_out_of_date_does_no_harm(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: FlashArrayClient = vars(screen.provider)["_client"]
    stale: list[ConnectionRow] = []

    async def as_it_was(**_: str) -> list[ConnectionRow]:
        return stale

    await screen.present()
    now = await client.connections(host=HOST)
    with monkeypatch.context() as patch:
        patch.setattr(client, "connections", as_it_was)
        assert len(await screen.present()) == 2  # they are connected already
    await screen.provider.withdraw(screen.clones[:1])
    stale = now
    monkeypatch.setattr(client, "connections", as_it_was)
    await screen.provider.withdraw(screen.clones)  # the first one is not connected any more
    assert await screen.connections() == set()


async def test_presenting_that_is_cancelled_twice_leaves_nothing_connected(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: FlashArrayClient = vars(screen.provider)["_client"]
    connect, disconnect = client.connect_volume, client.disconnect_volume
    waiting, undoing = asyncio.Event(), asyncio.Event()

    async def first_only(host: str, volume: str) -> None:
        if volume == screen.clones[1].name:
            waiting.set()
            await asyncio.Event().wait()
        await connect(host, volume)

    async def noted(host: str, volume: str) -> None:
        undoing.set()
        await asyncio.sleep(0.01)  # the second cancellation comes now
        await disconnect(host, volume)

    monkeypatch.setattr(client, "connect_volume", first_only)
    monkeypatch.setattr(client, "disconnect_volume", noted)
    presenting = asyncio.create_task(screen.present())
    await waiting.wait()
    presenting.cancel()
    await undoing.wait()
    presenting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await presenting
    assert await screen.connections() == set()


async def test_a_clone_that_is_connected_already_is_left_as_it_is(screen: Screen) -> None:
    await screen.provider.present(screen.clones[:1])
    screen.desk.fault("error-before-effect", CONNECT)
    with pytest.raises(ArrayError):
        await screen.present()
    assert await screen.connections() == {(HOST, screen.clones[0].name)}


@pytest.mark.many
@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("fault", REFUSING)
async def test_all_clones_are_connected_or_none(screen: Screen, fault: str, position: int) -> None:
    screen.desk.fault(fault, CONNECT, position)
    with pytest.raises(ArrayError):
        await screen.present()
    assert await screen.connections() == set()
    assert len(await screen.present()) == 2


@pytest.mark.parametrize("call", ["GET volumes", "GET connections"])
async def test_nothing_is_connected_when_the_array_cannot_be_asked_first(screen: Screen, call: str) -> None:
    screen.desk.fault("forbidden", call)
    with pytest.raises(ArrayError):
        await screen.present()
    assert screen.desk.count(CONNECT) == 0


@pytest.mark.many
@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("fault", REFUSING)
async def test_a_withdrawal_that_is_disturbed_is_completed_by_another(
    screen: Screen, fault: str, position: int
) -> None:
    await screen.present()
    screen.desk.fault(fault, DISCONNECT, position)
    with pytest.raises(ArrayError):
        await screen.provider.withdraw(screen.clones)
    await screen.provider.withdraw(screen.clones)
    assert await screen.connections() == set()


async def test_an_undo_that_fails_as_well_is_completed_by_the_deletion(screen: Screen) -> None:
    screen.desk.fault("forbidden", CONNECT, 2)
    screen.desk.fault("busy", DISCONNECT, 0)
    with pytest.raises(ArrayRejected) as caught:  # what went wrong first
        await screen.present()
    assert caught.value.code == "array.not-permitted"
    assert await screen.connections() == {(HOST, screen.clones[0].name)}
    screen.desk.emulator.front.faults.clear()
    await screen.provider.delete(await screen.desk.owned())
    assert await screen.desk.left() == {}


# ------------------------------------------------------------------ whose connections, whose volumes


async def test_connections_of_others_are_untouched(screen: Screen) -> None:
    first, second = (clone.name for clone in screen.clones)
    foreign = {("standby", first), (HOST, "exch-db"), ("standby", "bystander")}
    for host, volume in foreign:
        await screen.admin.post("connections", {}, host_names=host, volume_names=volume)
    await screen.present()
    assert await screen.connections() == foreign | {(HOST, first), (HOST, second)}
    await screen.provider.withdraw(screen.clones)
    assert await screen.connections() == foreign


async def test_a_connection_of_the_hosts_group_is_anothers_but_is_enough(screen: Screen) -> None:
    first = screen.clones[0].name
    await screen.admin.post("host-groups", names="backup")
    await screen.admin.post("host-groups/hosts", group_names="backup", member_names=HOST)
    await screen.admin.post("connections", {}, host_group_names="backup", volume_names=first)
    assert len(await screen.present()) == 2
    assert screen.desk.count(CONNECT) == 2  # the admin's, and ours of the second
    await screen.provider.withdraw(screen.clones)
    assert await screen.connections() == {(HOST, first)}
    assert screen.desk.count(DISCONNECT) == 1
    with pytest.raises(ArrayRejected, match=f"connected {first} to {HOST}"):
        await screen.provider.delete(await screen.desk.owned())


async def test_what_is_no_clone_of_ours_is_never_shown_nor_withdrawn(screen: Screen) -> None:
    await screen.admin.post("volumes", {"provisioned": 1 << 20}, names="qsc-abc234-x")
    made = (await screen.admin.get("volumes", names="qsc-abc234-x")).items[0]
    stranger = ArrayVolume(made["id"], "qsc-abc234-x", "", 0, ours=True)
    source = screen.desk.volumes[0]
    body = {"source": {"name": screen.clones[0].name}}
    copied = (await screen.admin.post("volumes", body, names="somebodys-copy")).items[0]
    copy = ArrayVolume(copied["id"], "somebodys-copy", "", 0, ours=True)
    for volume in (stranger, source, copy):
        with pytest.raises(ArrayRejected, match="no clone of ours"):
            await screen.provider.present([volume])
    assert screen.desk.count(CONNECT) == 0
    await screen.admin.post("connections", {}, host_names=HOST, volume_names=source.name)
    await screen.provider.withdraw([source])
    assert await screen.connections() == {(HOST, source.name)}


async def test_a_clone_that_is_gone_or_another_by_its_name_is_told(screen: Screen) -> None:
    clone = screen.clones[0]
    with pytest.raises(ArrayRejected, match="is gone"):
        await screen.provider.present([replace(clone, volume_id="another")])
    await screen.admin.patch("volumes", {"destroyed": True}, names=clone.name)
    with pytest.raises(ArrayRejected, match="is gone"):
        await screen.present()
    assert screen.desk.count(CONNECT) == 0
