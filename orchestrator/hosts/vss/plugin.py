"""The door through which hosts of the kind `vss` come in. Apart from the package, which needs no pluggy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from orchestrator.plugin import HostCoordinator

hookimpl = pluggy.HookimplMarker("quiesce")  # `orchestrator.plugin.hookimpl`, without the rest of it


@hookimpl
def register_host_coordinators(register: Callable[[type[HostCoordinator]], None]) -> None:
    """Offer the kind `vss`."""
    from orchestrator.hosts.vss.coordinator import VssCoordinator

    register(VssCoordinator)
