from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from orchestrator.logs import redaction
from tests.orchestrator.service.world import Desk, World


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no log line out, and no secret of a test into the list of those to be kept out of logs."""
    monkeypatch.setenv("FAKE_SECRET", "a-secret-that-nobody-checks")
    monkeypatch.setattr(redaction, "_known", {})
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def desk(tmp_path: Path, world: World) -> Desk:
    desk = Desk(tmp_path / "home", world)
    desk.register()
    return desk
