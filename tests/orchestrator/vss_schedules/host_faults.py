"""The emulated host's faults, as the schedules draw them."""

from __future__ import annotations

from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.faults import ALL_FAULTS

HOST_FAULTS: Final = tuple(str(each) for each in ALL_FAULTS)
