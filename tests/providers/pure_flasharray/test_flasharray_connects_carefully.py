"""Before anything else: address, certificate, secret, version, rights, and what the claims are."""

from __future__ import annotations

import importlib

import pluggy
import pytest
from aiohttp import web
from pydantic import ValidationError

import providers.pure_flasharray
from orchestrator.errors import ArrayError, ArrayRejected, BadInput
from orchestrator.lab.arrays import ServedArray
from orchestrator.lab.certificates import LabCertificates
from orchestrator.plugin import Provider, hookspecs
from orchestrator.plugin.hookspecs import PROJECT
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import REQUEST_LIFE_S, FlashArrayProvider, FlashArraySettings
from tests.providers.pure_flasharray.desk import Desk, connected, provider_for
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller
from tests.providers.shared.rest_server import Reply, hangs_up, says, serving

VERSIONS = says(200, {"version": ["2.26"]})
SESSION = says(200, {"items": [{"username": "u"}]}, X_Auth_Token="session-1")
ARRAY = says(200, {"items": [{"id": "a", "name": "n", "version": "6.4.10", "_as_of": 1}]})


def test_the_provider_comes_in_through_the_plugin_door() -> None:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(providers.pure_flasharray)
    offered: list[type[Provider]] = []
    manager.hook.register_providers(register=offered.append)
    assert offered == [FlashArrayProvider]


def test_the_emulator_is_named_by_reference_and_is_there() -> None:
    module, _, name = (FlashArrayProvider.emulator or "").partition(":")
    assert getattr(importlib.import_module(module), name) is FlashArrayEmulator


@pytest.mark.parametrize(
    "url", ["http://array", "array", "https://", "https://user:secret@array", "ftp://array", ""]
)
def test_an_address_that_is_not_https_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        provider_for(url, "secret", None)
    assert caught.value.code == "input.bad-settings"


async def code_of_connect(provider: FlashArrayProvider) -> str:
    """Try to connect and return the code of the error. Nothing is left open afterwards."""
    with pytest.raises((ArrayError, BadInput)) as caught:
        await provider.connect()
    return caught.value.code


async def test_verifies_tls_and_refuses_a_certificate_of_another_ca(
    served: ServedArray, other_ca: LabCertificates
) -> None:
    provider = provider_for(served.url, "secret", other_ca.ca_file)
    assert await code_of_connect(provider) == "array.untrusted"


async def test_shows_no_secret_when_it_is_wrong(served: ServedArray) -> None:
    provider = provider_for(served.url, "wrong-but-secret", served.ca_file)
    with pytest.raises(ArrayRejected) as caught:
        await provider.connect()
    assert caught.value.code == "array.login-failed"
    assert "wrong-but-secret" not in f"{caught.value!r} {caught.value} {provider!r} {vars(provider)!r}"


async def test_an_expired_secret_is_told(served: ServedArray, admin: RestCaller) -> None:
    await admin.post("admins", {"role": {"name": "storage_admin"}}, names="short-lived")
    made = await admin.post("admins/api-tokens", names="short-lived", timeout="0")
    token = made.items[0]["api_token"]["token"]
    with pytest.raises(ArrayRejected, match="expired") as caught:
        await provider_for(served.url, token, served.ca_file).connect()
    assert caught.value.code == "array.login-failed"


@pytest.mark.parametrize("secret", ["", "two words\n", "tok\nen", "tökén", " token"])
async def test_a_secret_that_cannot_be_an_api_token_is_not_sent(served: ServedArray, secret: str) -> None:
    provider = provider_for(served.url, secret, served.ca_file)
    assert await code_of_connect(provider) == "input.secret-unreadable"


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ([says(200, {"version": ["1.0", "2.0", "2.3", "2.99"]})], "array.version-not-supported"),
        ([says(200, {"items": []})], "array.bad-answer"),
        ([VERSIONS, says(200, {"items": [{"username": "u"}]})], "array.bad-answer"),
        ([VERSIONS, says(200, {"items": []}, X_Auth_Token="s")], "array.bad-answer"),
        ([VERSIONS, SESSION, says(200, {"items": []})], "array.bad-answer"),
        ([VERSIONS, SESSION, says(403, {"message": "no"})], "array.not-permitted"),
        ([VERSIONS, SESSION, *[hangs_up] * 3], "array.unreachable"),
    ],
)
async def test_a_connect_that_fails_says_why_and_leaves_nothing_open(
    ca: LabCertificates, replies: list[Reply], code: str
) -> None:
    async with serving(ca.server) as array:
        array.will(*replies)
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file, {"request_life_s": 30})
        assert await code_of_connect(provider) == code


async def test_logs_out_when_closed_and_closes_quietly_when_the_array_is_gone(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        array.will(VERSIONS, SESSION, ARRAY, says(200), VERSIONS, SESSION, ARRAY)
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file, {"request_life_s": 30})
        await provider.connect()
        await provider.close()
        assert array.requests[-1] == "POST /api/2.26/logout"
        await provider.connect()
    await provider.close()
    await provider.close()


async def test_a_request_life_shorter_than_assumed_is_for_emulators_only(
    served: ServedArray, ca: LabCertificates
) -> None:
    async with connected(served) as provider:
        assert provider.capabilities.request_life_s == 0.2
    assert FlashArrayProvider.capabilities.request_life_s == REQUEST_LIFE_S
    async with serving(ca.server) as array:
        array.will(VERSIONS, SESSION, ARRAY)
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file)
        assert await code_of_connect(provider) == "input.bad-settings"


async def test_a_request_life_longer_than_assumed_is_anybodys_choice(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        array.will(VERSIONS, SESSION, ARRAY)
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file, {"request_life_s": 90})
        await provider.connect()
        assert provider.capabilities.request_life_s == 90
        array.will(ARRAY)
        assert not (await provider.identify()).emulated
        await provider.close()


@pytest.mark.parametrize("settings", [{"request_life_s": 0}, {"verify_tls": False}, {"request_life_s": "no"}])
def test_settings_that_do_not_fit_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FlashArraySettings.model_validate(settings)


@pytest.mark.parametrize(
    ("role", "missing"), [("array_admin", 0), ("storage_admin", 0), ("ops_admin", 1), ("readonly", 1)]
)
async def test_rights_in_vendor_words_are_named_when_missing(
    served: ServedArray, emulator: FlashArrayEmulator, role: str, missing: int
) -> None:
    async with connected(served, emulator.add_admin("quiesce", role)) as provider:
        rights = await provider.missing_rights()
    assert len(rights) == missing
    if missing:
        assert f"role storage_admin or array_admin; the account's is {role}" in rights


async def test_a_storage_admin_can_do_a_whole_run(served: ServedArray, emulator: FlashArrayEmulator) -> None:
    async with connected(served, emulator.add_admin("quiesce", "storage_admin")) as provider:
        desk = await Desk.plan(emulator, provider)
        armed, members = await desk.cut()
        await provider.clone(members, armed.names)
        await provider.delete(await desk.owned())
        assert await desk.left() == {}


async def _session_without_a_name(_: web.BaseRequest) -> web.StreamResponse:
    return web.Response(headers={"x-auth-token": "session-1"})


async def test_an_account_whose_role_is_not_shown_is_not_trusted_blindly(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        array.will(VERSIONS, _session_without_a_name, ARRAY)
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file, {"request_life_s": 30})
        await provider.connect()
        assert "not shown" in (await provider.missing_rights())[0]
        await provider.close()


async def test_identities_of_other_vendors_are_not_looked_up(desk: Desk) -> None:
    before = desk.count("GET volumes")
    assert await desk.provider.locate(["naa.60060160a0b13d00c9d25b5c5b7ce811", "eui.0025385b71b00b2c"]) == {}
    assert desk.count("GET volumes") == before


async def test_unknown_and_destroyed_array_volumes_are_left_out(desk: Desk, admin: RestCaller) -> None:
    await admin.patch("volumes", {"destroyed": True}, names="exch-log")
    db, log = (item.lun_id for item in desk.volumes)
    unknown = "naa.624a9370" + "0" * 24
    assert set(await desk.provider.locate([db, log, unknown])) == {db}
