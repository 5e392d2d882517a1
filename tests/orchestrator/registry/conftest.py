from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.registry.database import Database


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "quiesce.db"


@pytest.fixture
def database(database_path: Path) -> Database:
    return Database(database_path)
