"""What is on record of the agent behind a host: its version against ours, and since when it is trusted."""

from __future__ import annotations

from typing import Final

from orchestrator import __version__
from orchestrator.model.hosts import CheckStatus, HostCheck
from orchestrator.registry.agents import Agents, AgentState, KnownAgent
from orchestrator.registry.endpoints import RegisteredHost

SCHEME: Final = "agent:"  # the address of a host whose agent dials out


def known_agent(agents: Agents, host: RegisteredHost) -> KnownAgent | None:
    """Return the agent that a host is reached by; None for a host that is reached otherwise.

    Raises:
        BadInput: `input.unknown-agent`, the host's address names one that is not on record.
    """
    return agents.get(host.url.removeprefix(SCHEME)) if host.url.startswith(SCHEME) else None


def agent_check(agent: KnownAgent) -> HostCheck:
    """Judge an agent that has just answered."""
    since = f"approved {agent.approved_at:%Y-%m-%d}" if agent.approved_at else "not approved"
    found = f"{agent.agent_id}, version {agent.version}, {since}."
    if agent.state is not AgentState.APPROVED:
        remedy = (
            f"`quiesce host approve {agent.agent_id}`, if its fingerprint is the one that the host shows."
        )
        return HostCheck("agent", CheckStatus.BAD, f"It is {agent.state}: {found}", remedy)
    if agent.version != __version__:
        remedy = "Install the same version of Quiesce on the host and here, the older one first."
        return HostCheck("agent", CheckStatus.WARNING, f"{found[:-1]}; ours is {__version__}.", remedy)
    return HostCheck("agent", CheckStatus.GOOD, found)
