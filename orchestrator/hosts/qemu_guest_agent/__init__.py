"""Virtual machines frozen through the QEMU guest agent.

Start reading at `coordinator.py`. `hold` and `wire` live in the watchdog's process, which imports this file
with them, so nothing heavy is imported before it is asked for; `emulator` is for tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from orchestrator.plugin import HostCoordinator

hookimpl = pluggy.HookimplMarker("quiesce")  # `orchestrator.plugin.hookimpl`, without the rest of it


@hookimpl
def register_host_coordinators(register: Callable[[type[HostCoordinator]], None]) -> None:
    """Offer the kind `qemu-guest-agent`."""
    from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator

    register(GuestAgentCoordinator)
