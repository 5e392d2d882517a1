"""What the array will not let go of yet is never a copy, and never in the way of the next attempt."""

from __future__ import annotations

import pytest

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ObjectState
from orchestrator.model.names import ObjectNames
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.desk import NAMES, Desk
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller

VOID = "void-pending"


@pytest.fixture
def safe_mode(emulator: FlashArrayEmulator) -> None:
    """Manual eradication is disabled for the whole array."""
    emulator.enable_safe_mode()


@pytest.mark.usefixtures("safe_mode")
async def test_owned_lists_void_pending_objects_that_safemode_keeps(desk: Desk) -> None:
    armed, _ = await desk.cut()
    await desk.provider.abort(armed)
    assert await desk.left() == {NAMES.stem: VOID, f"{NAMES.stem}.cut": VOID}


@pytest.mark.usefixtures("safe_mode")
async def test_what_is_void_is_not_in_the_way_of_the_next_attempt(desk: Desk) -> None:
    armed, _ = await desk.cut()
    await desk.provider.abort(armed)
    await desk.provider.arm(desk.volumes, ObjectNames(NAMES.installation, NAMES.run_id, 2))


@pytest.mark.usefixtures("safe_mode")
async def test_a_cut_under_way_cannot_succeed_when_the_group_is_only_destroyed(desk: Desk) -> None:
    armed = await desk.arm()
    await desk.provider.abort(armed)
    with pytest.raises(ArrayRejected):
        await desk.commit(armed)
    assert await desk.left() == {NAMES.stem: VOID}


@pytest.mark.usefixtures("safe_mode")
async def test_deleting_returns_what_the_array_keeps_and_says_that_it_is_void(desk: Desk) -> None:
    _, members = await desk.cut()
    await desk.provider.clone(members, NAMES)
    objects = await desk.owned()
    kept = await desk.provider.delete(objects)
    assert {item.name for item in kept} == {item.name for item in objects}
    assert {item.state for item in kept} == {ObjectState.VOID_PENDING}
    assert set((await desk.left()).values()) == {VOID}


async def test_what_was_void_is_erased_as_soon_as_the_array_lets_it_go(desk: Desk) -> None:
    armed, _ = await desk.cut()
    desk.fault("refuse-eradication", "DELETE protection-groups")
    await desk.provider.abort(armed)
    assert set((await desk.left()).values()) == {VOID}
    await desk.provider.abort(armed)
    assert await desk.left() == {}


async def test_a_ratcheted_group_is_put_aside_so_that_no_cut_finds_it(desk: Desk, admin: RestCaller) -> None:
    armed, _ = await desk.cut()
    await admin.patch("protection-groups", {"retention_lock": "ratcheted"}, names=NAMES.stem)
    await desk.provider.abort(armed)
    assert await desk.left() == {f"{NAMES.stem}-void": VOID, f"{NAMES.stem}-void.cut": VOID}
    desk.token.unspent.update(desk.arrays)
    with pytest.raises(ArrayRejected, match="does not exist"):
        await desk.commit(armed)


async def test_aborting_a_ratcheted_group_twice_is_success(desk: Desk, admin: RestCaller) -> None:
    armed = await desk.arm()
    await admin.patch("protection-groups", {"retention_lock": "ratcheted"}, names=NAMES.stem)
    await desk.provider.abort(armed)
    await desk.provider.abort(armed)
    assert await desk.left() == {f"{NAMES.stem}-void": VOID}


async def test_deleting_a_ratcheted_group_puts_it_aside_too(desk: Desk, admin: RestCaller) -> None:
    await desk.cut()
    await admin.patch("protection-groups", {"retention_lock": "ratcheted"}, names=NAMES.stem)
    kept = await desk.provider.delete(await desk.owned())
    assert {item.name: item.state.value for item in kept} == {NAMES.stem: VOID, f"{NAMES.stem}.cut": VOID}
    assert set((await desk.left()).values()) == {VOID}


async def test_a_refusal_that_is_not_safemodes_is_told(desk: Desk, admin: RestCaller) -> None:
    _, members = await desk.cut()
    clones = await desk.provider.clone(members, NAMES)
    await admin.post("hosts", names="standby")
    await admin.post("connections", {}, host_names="standby", volume_names=clones[0].volume.name)
    with pytest.raises(ArrayRejected, match="to standby"):
        await desk.provider.delete(await desk.owned())
    assert (await desk.left())[clones[0].volume.name] == "live"


@pytest.mark.parametrize("call", ["PATCH protection-groups", "DELETE protection-groups"])
async def test_an_account_without_the_right_to_remove_is_told_so(desk: Desk, call: str) -> None:
    armed, _ = await desk.cut()
    desk.fault("forbidden", call)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.abort(armed)
    assert caught.value.code == "array.not-permitted"
