from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.journeys.home import Home
from tests.journeys.lab import DATABASES, LOGS, Lab, running_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The parts, shared by all journeys of one pytest process, with some objects that are not ours."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        for name, volume in ((LOGS, "db01-log"), (DATABASES, "db01-db")):
            array = lab.arrays[name]
            array.ask("POST", "volumes", {"names": "nightly"}, {"provisioned": 1 << 20})
            array.ask("POST", "protection-groups", {"names": "qsc-nightly"})
            array.control("POST", "admin-cut", {"volume": volume, "suffix": "nightly"})
        yield lab


@pytest.fixture(scope="session")
def registered(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder in which everything is registered, to be copied."""
    home = Home(tmp_path_factory.mktemp("registered"), lab)
    home.register()
    return home.state.database


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take back what a command that ran in this process has set up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def home(lab: Lab, registered: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Home]:
    """An installation of the test's own, where objects with its own prefix lie that no run has made."""
    home = Home(tmp_path / "home", lab)
    shutil.copy(registered, home.state.database)
    foreign = f"qsc-{home.state.installation()}-foreign"
    for array in lab.arrays.values():
        array.ask("POST", "volumes", {"names": foreign}, {"provisioned": 1 << 20})
        array.ask("POST", "protection-groups", {"names": foreign})
    failed_before = request.session.testsfailed
    yield home
    lab.behave()
    if request.session.testsfailed > failed_before:  # whatever it left must not fail the next one, too
        lab.host.kill()
        lab.host.start_again()
    assert home.secrets_on_disk() == []
