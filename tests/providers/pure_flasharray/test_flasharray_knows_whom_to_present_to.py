"""Before anything is presented: the host object, the right to connect, the claims."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from orchestrator.errors import ArrayError, BadInput
from orchestrator.lab.arrays import ServedArray
from orchestrator.lab.certificates import LabCertificates
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import FlashArraySettings
from tests.providers.pure_flasharray.desk import provider_for
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller
from tests.providers.pure_flasharray.screen import HOST, Screen, a_provider
from tests.providers.shared.rest_server import says, serving

VERSIONS = says(200, {"version": ["2.26"]})
SESSION = says(200, {"items": [{"username": "u"}]}, X_Auth_Token="session-1")
ARRAY = says(200, {"items": [{"id": "a", "name": "n", "version": "6.4.10", "_as_of": 1}]})


async def test_an_array_presents_when_it_was_told_to_whom(screen: Screen, served: ServedArray) -> None:
    assert screen.provider.capabilities.presents
    provider = provider_for(served.url, screen.desk.emulator.credentials["api_token"], served.ca_file)
    assert not provider.capabilities.presents
    await provider.connect()
    assert not provider.capabilities.presents
    with pytest.raises(ArrayError) as caught:
        await provider.present(screen.clones)
    assert caught.value.code == "array.cannot-present"
    assert "--setting present_to=NAME" in caught.value.remedy
    await provider.close()


async def test_a_host_object_that_is_not_there_is_told(screen: Screen) -> None:
    await screen.present()
    await screen.admin.delete(
        "connections", host_names=HOST, volume_names=",".join(clone.name for clone in screen.clones)
    )
    await screen.admin.delete("hosts", names=HOST)
    with pytest.raises(ArrayError, match=f"no host {HOST}") as caught:
        await screen.present()
    assert caught.value.code == "array.cannot-present"
    assert await screen.provider.missing_rights() == (f"the host {HOST}, which `present_to` names",)
    await screen.provider.withdraw(screen.clones)
    await screen.provider.delete(await screen.desk.owned())
    assert await screen.desk.left() == {}


async def test_an_array_without_the_host_object_claims_to_present_nothing(
    served: ServedArray, emulator: FlashArrayEmulator
) -> None:
    provider = await a_provider(served, emulator)
    await provider.connect()
    assert not provider.capabilities.presents
    await provider.close()


async def test_rights_in_vendor_words_include_that_to_connect(
    served: ServedArray, emulator: FlashArrayEmulator, admin: RestCaller
) -> None:
    await admin.post("hosts", names=HOST)
    provider = await a_provider(served, emulator, "readonly")
    await provider.connect()
    rights = await provider.missing_rights()
    assert rights[1:] == (f"the right to connect volumes to the host {HOST}",)
    await provider.close()


async def test_a_storage_admin_may_present(
    screen: Screen, served: ServedArray, emulator: FlashArrayEmulator
) -> None:
    provider = await a_provider(served, emulator, "storage_admin")
    await provider.connect()
    assert await provider.missing_rights() == ()
    assert len(await provider.present(screen.clones)) == 2
    await provider.withdraw(screen.clones)
    await provider.close()


async def test_another_device_folder_is_for_emulators_only(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        array.will(VERSIONS, SESSION, ARRAY)
        settings = {"device_folder": "/srv/lab"}
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file, settings)
        with pytest.raises(BadInput, match="device_folder") as caught:
            await provider.connect()
        assert caught.value.code == "input.bad-settings"


async def test_a_real_array_may_be_told_whom_to_present_to(ca: LabCertificates) -> None:
    async with serving(ca.server) as array:
        array.will(VERSIONS, SESSION, ARRAY, says(200, {"items": [{"name": "h"}]}), says(200))
        provider = provider_for(f"https://127.0.0.1:{array.port}", "t", ca.ca_file, {"present_to": "h"})
        await provider.connect()
        assert provider.capabilities.presents
        await provider.close()


@pytest.mark.parametrize(
    "settings", [{"present_to": "a,b"}, {"present_to": "a b"}, {"device_folder": "dev/disk"}]
)
def test_names_that_no_host_object_has_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FlashArraySettings.model_validate(settings)
