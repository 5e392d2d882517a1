"""Small array volumes for emulated servers, and a server on virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import Disks
from tests.orchestrator.hosts.emulated_exchange.host_on_virtual_time import OPTIONS, WatchedStore
from tests.virtual_time import VirtualClock


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore()


@pytest.fixture
def host(store: WatchedStore, virtual_clock: VirtualClock) -> InProcessHost:
    return InProcessHost(OPTIONS, store=store, clock=virtual_clock)
