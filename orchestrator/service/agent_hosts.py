"""From an approved agent to a registered host.

A host is registered under the identity that it gives itself, since locks and fencing go by that. So its row
is made when an approved agent is first asked who it is: by the hub, or by whoever approves an agent that is
connected. Until then it is approved, and not registered.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from orchestrator.config.registered_name import registered_name
from orchestrator.errors import BadInput
from orchestrator.model.hosts import HostIdentity
from orchestrator.policy.reasons import raise_refusal
from orchestrator.policy.supported_hosts import check_host
from orchestrator.registry.agents import Agents, AgentState, KnownAgent
from orchestrator.registry.endpoints import Endpoint, Hosts, RegisteredHost

KIND: Final = "agent"


def url_of(agent_id: str) -> str:
    """Return the address of an agent behind the hub."""
    return f"agent:{agent_id}"


def endpoint_of(agent: KnownAgent) -> Endpoint:
    """Return how to reach an approved agent."""
    return Endpoint(
        name=_name_for(agent.host_name),
        kind=KIND,
        url=url_of(agent.agent_id),
        secret_ref="",
        ca_file=None,
        settings={},
    )


def registered_as(hosts: Hosts, agent: KnownAgent) -> RegisteredHost | None:
    """Return the host that is registered with this agent, None if there is none."""
    return next((each for each in hosts.list() if each.url == url_of(agent.agent_id)), None)


def register_agent_host(
    hosts: Hosts, agents: Agents, agent_id: str, identity: HostIdentity, now: datetime
) -> RegisteredHost | None:
    """Register the host of an approved agent, or put it in the place of one that it replaced. Idempotent.

    Returns:
        The host; None if the agent is not approved (any more).

    Raises:
        BadInput: `input.name-taken`, `input.bad-name`, or `input.already-registered` under another name.
        Refused: `policy.host-unsupported`.
    """
    agent = agents.get(agent_id)
    if agent.state is not AgentState.APPROVED:
        return None
    if known := registered_as(hosts, agent):
        return known  # that it is still the same host is looked at whenever it is met
    endpoint = endpoint_of(agent)
    raise_refusal(check_host(endpoint.kind, endpoint.name, identity.product))
    row = RegisteredHost(
        name=endpoint.name,
        kind=endpoint.kind,
        url=endpoint.url,
        secret_ref=endpoint.secret_ref,
        ca_file=endpoint.ca_file,
        settings=endpoint.settings,
        host_id=identity.host_id,
        host_name=identity.name,
        added_at=now,
    )
    if predecessor := _predecessor(hosts, agents, agent):
        row = hosts.put_in_place_of(predecessor, row)
    else:
        hosts.add(row)
    return row


def _predecessor(hosts: Hosts, agents: Agents, agent: KnownAgent) -> RegisteredHost | None:
    """Return the host whose agent this one replaced: of the same host name, and revoked."""
    of_the_name = {
        url_of(each.agent_id)
        for each in agents.list()
        if each.host_name == agent.host_name and each.state is AgentState.REVOKED
    }
    return next((each for each in hosts.list() if each.url in of_the_name), None)


def _name_for(host_name: str) -> str:
    """Return what the host is registered as: its whole name if that can be used, else its first part."""
    for name in (host_name, host_name.partition(".")[0]):
        try:
            return registered_name(name)
        except ValueError:
            continue
    what = "A host cannot be registered under this name."
    remedy = "Register it under another: `quiesce host add NAME --kind agent --url agent:ID`."
    raise BadInput("input.bad-name", what, subject=host_name, remedy=remedy)
