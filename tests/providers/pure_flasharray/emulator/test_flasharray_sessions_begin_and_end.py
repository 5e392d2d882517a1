"""Versions, login, logout, idle sessions, roles and API tokens."""

from __future__ import annotations

import pytest

from orchestrator.lab.arrays import ServedArray
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.emulator.rest_caller import ManualClock, RestCaller, logged_in


async def test_versions_are_listed_without_login_the_newest_last(admin: RestCaller) -> None:
    async with admin.session.get("/api/api_version") as response:
        assert await response.json() == {"version": ["1.19", "2.0", "2.4", "2.26"]}


@pytest.mark.parametrize("version", ["1.19", "2.25", "2.99"])
async def test_a_version_that_is_not_served_is_not_found(admin: RestCaller, version: str) -> None:
    assert (await admin.call("GET", "volumes", version=version)).status == 404


async def test_protection_groups_came_after_rest_2_0(admin: RestCaller) -> None:
    assert (await admin.call("GET", "protection-groups", version="2.0")).status == 404
    assert (await admin.call("GET", "protection-groups", version="2.4")).status == 200


async def test_login_names_the_account(admin: RestCaller) -> None:
    assert (await admin.log_in()).items == [{"username": "pureuser"}]


@pytest.mark.parametrize("headers", [{}, {"x-auth-token": "made-up"}])
async def test_nothing_is_answered_without_a_session(admin: RestCaller, headers: dict[str, str]) -> None:
    assert (await admin.call("GET", "arrays", headers=headers)).status == 401


async def test_a_wrong_api_token_opens_no_session(served: ServedArray) -> None:
    async with logged_in(served, "wrong") as caller:
        assert (await caller.log_in()).status == 401
        assert (await caller.get("arrays")).status == 401


async def test_logout_ends_the_session(admin: RestCaller) -> None:
    assert (await admin.post("logout")).status == 200
    assert (await admin.get("arrays")).status == 401


async def test_an_idle_session_is_gone_and_a_used_one_is_not(admin: RestCaller, clock: ManualClock) -> None:
    for _ in range(2):
        clock.at_s += 1_799
        assert (await admin.get("arrays")).status == 200
    clock.at_s += 1_801
    assert (await admin.get("arrays")).status == 401


async def test_the_idle_timeout_can_be_set(admin: RestCaller, clock: ManualClock) -> None:
    assert "idle_timeout" in (await admin.patch("arrays", {"idle_timeout": 1})).refusal
    assert (await admin.patch("arrays", {"idle_timeout": 300_000})).items[0]["idle_timeout"] == 300_000
    clock.at_s += 301
    assert (await admin.get("arrays")).status == 401


async def test_an_api_token_may_expire_and_be_revoked(
    served: ServedArray, admin: RestCaller, clock: ManualClock
) -> None:
    await admin.post("admins", {"role": {"name": "storage_admin"}}, names="backup")
    made = await admin.post("admins/api-tokens", names="backup", timeout="60000")
    async with logged_in(served, made.items[0]["api_token"]["token"]) as backup:
        assert (await backup.log_in()).status == 200
        clock.at_s += 61
        assert (await backup.log_in()).status == 401
    await admin.delete("admins/api-tokens", names="backup")
    assert (await admin.get("admins/api-tokens")).names == ["pureuser"]


async def test_api_tokens_are_shown_when_made_and_masked_afterwards(admin: RestCaller) -> None:
    await admin.post("admins", {"role": {"name": "readonly"}}, names="viewer")
    made = (await admin.post("admins/api-tokens", names="viewer")).items[0]["api_token"]["token"]
    assert len(made) == 36
    listed = await admin.get("admins/api-tokens", names="viewer")
    assert listed.items[0]["api_token"]["token"] == "****"
    assert (await admin.post("admins/api-tokens", names="viewer")).refusal == "API token already exists."


async def test_a_read_only_account_changes_nothing(served: ServedArray, emulator: FlashArrayEmulator) -> None:
    async with logged_in(served, emulator.add_admin("viewer", "readonly")) as viewer:
        role = (await viewer.get("admins", names="viewer")).items[0]["role"]
        refused = await viewer.post("protection-groups", names="pg")
        assert role == {"name": "readonly"}
        assert refused.status == 403
        assert refused.body == {"message": "Operation is not permitted."}
        assert (await viewer.get("protection-groups")).items == []


async def test_a_storage_admin_does_not_manage_accounts(
    served: ServedArray, emulator: FlashArrayEmulator
) -> None:
    async with logged_in(served, emulator.add_admin("storage", "storage_admin")) as storage:
        assert (await storage.post("protection-groups", names="pg")).status == 200
        assert (await storage.post("admins", names="more")).status == 403
        assert (await storage.delete("admins", names="pureuser")).status == 403


async def test_accounts_are_deleted(served: ServedArray, admin: RestCaller) -> None:
    await admin.post("admins", {"role": {"name": "readonly"}}, names="viewer")
    assert (
        await admin.post("admins", {"role": {"name": "king"}}, names="k")
    ).refusal == "Role does not exist."
    await admin.delete("admins", names="viewer")
    assert (await admin.get("admins")).names == ["pureuser"]


async def test_a_session_of_a_deleted_account_is_gone(served: ServedArray, admin: RestCaller) -> None:
    await admin.post("admins", {"role": {"name": "readonly"}}, names="viewer")
    token = (await admin.post("admins/api-tokens", names="viewer")).items[0]["api_token"]["token"]
    async with logged_in(served, token) as viewer:
        await admin.delete("admins", names="viewer")
        assert (await viewer.get("arrays")).status == 401
