"""An emulated FlashArray with three array volumes, and a caller that is logged in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.lab.arrays import ServedArray, serve_array
from orchestrator.lab.certificates import LabCertificates
from orchestrator.plugin import LabOptions
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.emulator.rest_caller import MIB, ManualClock, RestCaller, logged_in


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    return LabCertificates.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def emulator(tmp_path: Path, clock: ManualClock) -> FlashArrayEmulator:
    volumes = {"db": MIB, "log": MIB, "other": MIB}
    return FlashArrayEmulator(LabOptions(home=tmp_path / "array", name="fa1", volumes=volumes), clock)


@pytest.fixture
async def served(emulator: FlashArrayEmulator, certificates: LabCertificates) -> AsyncIterator[ServedArray]:
    async with serve_array(emulator, certificates) as served:
        yield served


@pytest.fixture
async def admin(served: ServedArray) -> AsyncIterator[RestCaller]:
    async with logged_in(served) as caller:
        yield caller
