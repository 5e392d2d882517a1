from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from orchestrator.registry.database import Database


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """Unconfigured, structlog draws tracebacks, which takes longer than the tests."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    yield
    structlog.reset_defaults()


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "quiesce.db"


@pytest.fixture
def database(database_path: Path) -> Database:
    return Database(database_path)
