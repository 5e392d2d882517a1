"""The lab's stand-in for an Exchange server, a process of its own, and our coordinator for it.

`protocol` is what the two say to each other, `coordinator` our side, `emulator/` the host's (which shipping
code never imports).
"""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.hosts.emulated_exchange.coordinator import EmulatedExchangeCoordinator
from orchestrator.plugin import HostCoordinator, hookimpl


@hookimpl
def register_host_coordinators(register: Callable[[type[HostCoordinator]], None]) -> None:
    """Offer the kind `emulated-exchange`."""
    register(EmulatedExchangeCoordinator)
