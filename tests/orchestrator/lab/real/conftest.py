from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.lab.real.requirements import PROGRAMS
from tests.orchestrator.lab.real.leftovers import await_nothing_under


@pytest.fixture
def real_lab(needs_program: Callable[[str], str]) -> Iterator[Path]:
    """A folder for real parts, short enough for the path of a socket; nothing may be left of them."""
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    for program in PROGRAMS:
        needs_program(program)
    with tempfile.TemporaryDirectory(prefix="qsc-real-") as folder:
        yield Path(folder)
        await_nothing_under(Path(folder))
