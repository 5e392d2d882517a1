"""Small array volumes for emulated servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrator.hosts.emulated_exchange.exchange_lab import Disks


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)
