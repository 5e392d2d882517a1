"""`quiesce host pending`, `approve`, `reject` and `revoke`: which agents are trusted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final

import click

from orchestrator.cli.host_enrol_tokens import enrol_token
from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers, columns, local_time, rfc3339
from orchestrator.errors import OrchestratorError
from orchestrator.registry.agents import Agents, AgentState, KnownAgent
from orchestrator.registry.probe import probe_host
from orchestrator.service.agent_hosts import endpoint_of, register_agent_host, registered_as, url_of
from orchestrator.service.installation import Installation

_ASK_LIMIT_S: Final = 10.0  # a hub on this machine; an agent that is not connected is said at once


@click.command()
@click.option("--all", "show_all", is_flag=True, help="Every agent, not only those that wait for approval.")
@answers("quiesce.agents/1")
def pending(show_all: bool) -> Answer:
    """List the agents that wait for approval. Compare the fingerprint with what the host itself says."""
    installation = open_installation()
    agents = Agents(installation.database).list()
    shown = [each for each in agents if show_all or each.state is AgentState.PENDING]
    shown.sort(key=lambda each: each.enrolled_at)
    names = _registered_names(installation)
    rows: list[tuple[str, ...]] = [
        ("HOST", "AGENT", "STATE", "ENROLLED", "TOKEN", "REGISTERED AS", "FINGERPRINT")
    ]
    rows += [_row(each, names) for each in shown]
    text = columns(rows) if shown else "No agent waits for approval."
    return Answer({"agents": [_result(each, names) for each in shown]}, text)


@click.command()
@click.argument("names", metavar="NAME|ID...", nargs=-1, required=True)
@answers("quiesce.agents-approved/1")
def approve(names: tuple[str, ...]) -> Answer:
    """Approve agents, all of them or none. Each takes the place of an older agent of the same host name.

    An agent that is connected is registered as a host at once, any other when it connects.
    """
    installation = open_installation()
    agents = Agents(installation.database)
    found = [agents.find(name, AgentState.PENDING, AgentState.APPROVED) for name in names]
    now = datetime.now(UTC)
    approved = agents.approve([each.agent_id for each in found], now)
    results, lines = [], []
    for agent in found:
        replaced = [each.agent_id for each in approved[agent.agent_id]]
        problem = _register(installation, agents.get(agent.agent_id), now)
        result = _result(agents.get(agent.agent_id), _registered_names(installation))
        why = (
            None
            if problem is None
            else {"code": problem.code, "what": problem.what, "remedy": problem.remedy}
        )
        results.append(result | {"replaced": replaced, "not_registered": why})
        lines.append(_approved_line(agent, result["registered_as"], replaced, problem))
    return Answer({"agents": results}, "\n".join(lines))


@click.command()
@click.argument("agent_id", metavar="ID")
@answers("quiesce.agent-rejected/1")
def reject(agent_id: str) -> Answer:
    """Decline the pending agent ID, for good. If its host is yours, it can enrol anew."""
    agents = Agents(open_installation().database)
    agent = agents.get(agent_id)
    agents.reject(agent_id)
    return Answer({"rejected": agent_id}, f"Rejected {agent_id} ({agent.host_name}).")


@click.command()
@click.argument("name", metavar="NAME|ID")
@answers("quiesce.agent-revoked/1")
def revoke(name: str) -> Answer:
    """Withdraw the trust in an agent, for good: by host name, registered name or id."""
    installation = open_installation()
    agents = Agents(installation.database)
    by_row = {each.name: each.url.removeprefix("agent:") for each in installation.hosts.list()}
    agent = agents.find(by_row.get(name, name), AgentState.PENDING, AgentState.APPROVED)
    agents.revoke(agent.agent_id)
    text = f"Revoked {agent.agent_id} ({agent.host_name}). The hub drops its connection."
    return Answer({"revoked": agent.agent_id, "host_name": agent.host_name}, text)


ENROLMENT_COMMANDS: Final = (enrol_token, pending, approve, reject, revoke)


def _register(installation: Installation, agent: KnownAgent, now: datetime) -> OrchestratorError | None:
    """Register an agent's host if it answers; return why not."""
    if registered_as(installation.hosts, agent):
        return None
    try:
        endpoint = endpoint_of(agent)
        coordinator = installation.connections.host(endpoint)
        probe = asyncio.run(probe_host(endpoint.name, coordinator, limit_s=_ASK_LIMIT_S))
        agents = Agents(installation.database)
        register_agent_host(installation.hosts, agents, agent.agent_id, probe.identity, now)
    except OrchestratorError as error:
        return error
    return None


def _approved_line(
    agent: KnownAgent, name: str | None, replaced: list[str], problem: OrchestratorError | None
) -> str:
    line = f"Approved {agent.agent_id} ({agent.host_name})"
    line += f", in place of {', '.join(replaced)}" if replaced else ""
    if problem is None:
        return f"{line}; registered as {name}."
    return f"{line}; not registered as a host yet: {problem.what}\n  next: approve it again once it connects."


def _registered_names(installation: Installation) -> dict[str, str]:
    """Return the names of hosts, by address."""
    return {each.url: each.name for each in installation.hosts.list()}


def _result(agent: KnownAgent, names: dict[str, str]) -> dict[str, Any]:
    return {
        "agent": agent.agent_id,
        "host_name": agent.host_name,
        "fingerprint": agent.fingerprint,
        "state": agent.state.value,
        "backend": agent.backend,
        "version": agent.version,
        "enrolled_at": rfc3339(agent.enrolled_at),
        "enrolled_with": agent.token_id,
        "approved_at": None if agent.approved_at is None else rfc3339(agent.approved_at),
        "last_seen": None if agent.last_seen is None else rfc3339(agent.last_seen),
        "registered_as": names.get(url_of(agent.agent_id)),
    }


def _row(agent: KnownAgent, names: dict[str, str]) -> tuple[str, ...]:
    return (
        *(agent.host_name, agent.agent_id, agent.state.value, local_time(agent.enrolled_at)),
        *(agent.token_id, names.get(url_of(agent.agent_id), "-"), agent.fingerprint),
    )
