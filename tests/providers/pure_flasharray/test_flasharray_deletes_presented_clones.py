"""What we presented is withdrawn and deleted; what somebody else uses keeps everything from being deleted."""

from __future__ import annotations

import pytest

from orchestrator.errors import ArrayError, ArrayRejected
from orchestrator.lab.arrays import ServedArray
from orchestrator.model.arrays import ObjectKind, OwnedObject
from providers.pure_flasharray.client import FlashArrayClient
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.mapping import where
from tests.providers.pure_flasharray.desk import provider_for
from tests.providers.pure_flasharray.screen import DISCONNECT, HOST, REFUSING, Screen


async def test_deleting_withdraws_what_we_presented(screen: Screen) -> None:
    await screen.present()
    assert await screen.provider.delete(await screen.desk.owned()) == []
    assert await screen.desk.left() == {}
    assert screen.seen() == set()


async def test_a_clone_that_is_used_elsewhere_keeps_everything_from_being_deleted(screen: Screen) -> None:
    await screen.present()
    used = screen.clones[1].name
    await screen.admin.post("connections", {}, host_names="standby", volume_names=used)
    before, connected = await screen.desk.left(), await screen.connections()
    with pytest.raises(ArrayRejected, match=f"connected {used} to standby") as caught:
        await screen.provider.delete(await screen.desk.owned())
    assert caught.value.code == "array.in-use"
    assert await screen.desk.left() == before
    assert await screen.connections() == connected
    await screen.admin.delete("connections", host_names="standby", volume_names=used)
    assert await screen.provider.delete(await screen.desk.owned()) == []


async def test_an_object_that_only_has_the_name_of_a_clone_is_not_withdrawn(screen: Screen) -> None:
    await screen.present()
    other = OwnedObject(ObjectKind.CLONE, "another-id", screen.clones[0].name)
    assert await screen.provider.delete([other]) == []
    assert len(await screen.connections()) == 2


async def test_what_is_void_already_is_not_asked_about_again(
    screen: Screen, emulator: FlashArrayEmulator
) -> None:
    emulator.enable_safe_mode()
    assert await screen.provider.delete(await screen.desk.owned())
    asked = screen.desk.count("GET connections")
    assert await screen.provider.delete(await screen.desk.owned())
    assert screen.desk.count("GET connections") == asked


async def test_a_clone_that_went_away_meanwhile_is_released(screen: Screen) -> None:
    client: FlashArrayClient = vars(screen.provider)["_client"]
    rows = await client.volumes(where("name", *(clone.name for clone in screen.clones)))
    await screen.admin.patch("volumes", {"destroyed": True}, names=screen.clones[0].name)
    await screen.admin.delete("volumes", names=screen.clones[0].name)
    await vars(screen.provider)["_presenting"].release(rows)


async def test_the_array_itself_refuses_to_delete_what_is_connected(screen: Screen) -> None:
    await screen.present()
    client = vars(screen.provider)["_client"]
    (item, *_) = [each for each in await screen.desk.owned() if each.name == screen.clones[0].name]
    with pytest.raises(ArrayRejected) as caught:
        await client.destroy(item.kind, item.name)
    assert caught.value.code == "array.in-use"


@pytest.mark.many
@pytest.mark.parametrize("fault", REFUSING)
@pytest.mark.parametrize("call", ["GET connections", DISCONNECT, "PATCH volumes"])
async def test_a_deletion_that_is_disturbed_is_completed_by_another(
    screen: Screen, call: str, fault: str
) -> None:
    await screen.present()
    screen.desk.fault(fault, call, 0)
    with pytest.raises(ArrayError):
        await screen.provider.delete(await screen.desk.owned())
    screen.desk.emulator.front.faults.clear()
    await screen.provider.delete(await screen.desk.owned())
    assert await screen.desk.left() == {}


async def test_a_clone_of_a_provider_that_presents_to_nobody_may_still_be_in_use(
    screen: Screen, served: ServedArray, emulator: FlashArrayEmulator
) -> None:
    await screen.present()
    other = provider_for(served.url, emulator.credentials["api_token"], served.ca_file)
    await other.connect()
    await other.withdraw(screen.clones)
    assert screen.desk.count(DISCONNECT) == 0
    with pytest.raises(ArrayRejected, match=f"to {HOST}"):
        await other.delete(await screen.desk.owned())
    await other.close()
    assert len(await screen.connections()) == 2
