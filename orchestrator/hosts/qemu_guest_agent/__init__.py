"""Virtual machines frozen through the QEMU guest agent.

Start reading at `coordinator.py`. `hold` and `wire` live in the watchdog's process; `emulator` is for tests.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.plugin import HostCoordinator, hookimpl


@hookimpl
def register_host_coordinators(register: Callable[[type[HostCoordinator]], None]) -> None:
    """Offer the kind `qemu-guest-agent`."""
    # Not at the top: the watchdog, which imports this package for its hold, has no use for it.
    from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator

    register(GuestAgentCoordinator)
