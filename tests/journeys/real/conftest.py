from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest

from orchestrator.lab.real.arrays import LUN_BYTES
from orchestrator.lab.real.order import DATABASE_NAME
from orchestrator.lab.real.requirements import PROGRAMS
from orchestrator.lab.real.stage import Combination, staged
from tests.journeys.real.scene import Scene
from tests.orchestrator.lab.real.freezing import installation_in
from tests.orchestrator.lab.real.leftovers import await_nothing_under


@pytest.fixture(scope="module")
def combination(request: pytest.FixtureRequest) -> Combination:
    """The parts that a file's journeys are played on, as the file says."""
    combination: Combination = request.module.COMBINATION
    return combination


@pytest.fixture(scope="module")
def scene(combination: Combination, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """The running parts and one installation, for all journeys of a file."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"missing: root, {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="qsc-real-") as folder:
        home, installation = Path(folder), installation_in(Path(folder))
        sizes = {DATABASE_NAME: getattr(request.module, "DATABASE_BYTES", LUN_BYTES[DATABASE_NAME])}
        with (
            patch.dict(LUN_BYTES, sizes),
            staged(installation, combination, home / "lab") as stage,
            ExitStack() as parts,
        ):
            yield Scene(home, installation, stage, parts)
        await_nothing_under(home)


@pytest.fixture(autouse=True)
def one_failure_is_not_the_next_one(request: pytest.FixtureRequest) -> Iterator[None]:
    """Thaw, end and clean up after a test that failed, so that the next one of its file can be told apart."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before and "scene" in request.fixturenames:
        scene: Scene = request.getfixturevalue("scene")
        scene.rescue()
