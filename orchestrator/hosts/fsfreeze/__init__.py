"""This machine's own Linux file systems, frozen by the kernel. Start reading at `coordinator.py`.

The watchdog process imports `hold` from here, and with it this file, so nothing heavy is imported before it
is asked for.
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
    """Offer the kind `fsfreeze`."""
    from orchestrator.hosts.fsfreeze.coordinator import FsfreezeCoordinator

    register(FsfreezeCoordinator)
