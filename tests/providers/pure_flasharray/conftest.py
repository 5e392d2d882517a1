"""An emulated FlashArray, a provider that is connected to it, and an admin who works on it besides."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.lab.arrays import ServedArray, serve_array
from orchestrator.lab.certificates import LabCertificates
from orchestrator.plugin import LabOptions
from providers.pure_flasharray.emulator import FlashArrayEmulator
from providers.pure_flasharray.provider import FlashArrayProvider
from providers.shared.rest import Patience
from tests.providers.pure_flasharray.desk import MIB, NAMES, Desk, connected
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller, logged_in
from tests.providers.pure_flasharray.screen import HOST, Screen, a_provider


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let repeated reads come fast. The limits themselves stay: a busy machine must not fail a test."""
    monkeypatch.setattr("providers.shared.rest.array.Patience", lambda: Patience(first_wait_s=0.001))


@pytest.fixture
def emulator(tmp_path: Path) -> FlashArrayEmulator:
    """An array with the volumes of one database, and one that has nothing to do with it."""
    volumes = {"exch-db": MIB, "exch-log": MIB, "bystander": MIB}
    return FlashArrayEmulator(LabOptions(home=tmp_path / "array", name="fa1", volumes=volumes))


@pytest.fixture
async def served(emulator: FlashArrayEmulator, ca: LabCertificates) -> AsyncIterator[ServedArray]:
    """That array on a port of loopback."""
    async with serve_array(emulator, ca) as served:
        yield served


@pytest.fixture
async def provider(served: ServedArray) -> AsyncIterator[FlashArrayProvider]:
    """A provider that is connected to it."""
    async with connected(served) as provider:
        yield provider


@pytest.fixture
async def desk(emulator: FlashArrayEmulator, provider: FlashArrayProvider) -> Desk:
    """The plan of one cut, and counts of what reached the array since."""
    return await Desk.plan(emulator, provider)


@pytest.fixture
async def admin(served: ServedArray) -> AsyncIterator[RestCaller]:
    """Somebody else with all rights on the array."""
    async with logged_in(served) as caller:
        yield caller


@pytest.fixture
async def screen(
    served: ServedArray, emulator: FlashArrayEmulator, admin: RestCaller
) -> AsyncIterator[Screen]:
    """Two clones, and a provider that may present them to this machine."""
    await admin.post("hosts", names=f"{HOST},standby")
    provider = await a_provider(served, emulator)
    await provider.connect()
    desk = await Desk.plan(emulator, provider)
    _, members = await desk.cut()
    clones = [each.volume for each in await provider.clone(members, NAMES)]
    yield Screen(desk, admin, Path(emulator.describe()["fabric"]), clones)
    await provider.close()
