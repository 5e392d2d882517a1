"""Where hub and agents answer, and limits of their connections."""

from __future__ import annotations

from typing import Final

AGENT: Final = "/v1/agent"  # on the hub: an agent; on an agent that listens: the orchestrator
ENROL: Final = "/v1/enrol"
RENEW: Final = "/v1/renew"
CALLER: Final = "/v1/agents/{agent_id}"  # on the hub's Unix socket: who asks an agent
VERSION_HEADER: Final = "Quiesce-Version"

CONNECT_S: Final = 10.0
CLOSE_S: Final = 0.5
# A connection through firewalls and proxies is kept open by it; many forget one after a minute of silence.
HEARTBEAT_S: Final = 30.0
# The hub hears the agent's; it looks by itself only where these have stopped.
HUB_HEARTBEAT_S: Final = 75.0
