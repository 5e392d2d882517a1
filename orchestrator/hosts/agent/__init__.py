"""The host agent: Quiesce's process on the host, and the protocol between it and the orchestrator.

The agent serves a `HostCoordinator` of its own machine (its backend); the orchestrator's side is a
`HostCoordinator` again, which asks the agent. Start reading at `ops.py` (what can be asked), `serving.py`
(the agent), `hub.py` (between the two) and `coordinator.py` (the orchestrator's side).
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
    """Offer the kind `agent`."""
    from orchestrator.hosts.agent.coordinator import AgentCoordinator

    register(AgentCoordinator)
