"""Agents and the tokens they enrol with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, insert, select, update

from orchestrator.errors import BadInput, Refused
from orchestrator.registry.database import Database
from orchestrator.registry.records import Records
from orchestrator.registry.tables import AGENTS


class AgentState(StrEnum):
    """What an agent may do. The last two are final: such a host enrols anew, with another key."""

    PENDING = "pending"  # it may connect, and is asked nothing
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


LIVE: Final = frozenset({AgentState.PENDING, AgentState.APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """An agent that enrolled.

    Attributes:
        agent_id: ours, random.
        host_name: as it called itself, in lower case.
        fingerprint: sha256 of its key's SubjectPublicKeyInfo, hex: the pin.
        state: what it may do.
        backend: kind of host that it serves.
        version: of Quiesce, when it was last seen.
        enrolled_at: when it took a use of a token.
        approved_at: when a person, or the token's rule, approved it.
        last_seen: when it last connected.
        token_id: of the token that it enrolled with.
    """

    agent_id: str
    host_name: str
    fingerprint: str
    state: AgentState
    backend: str
    version: str
    enrolled_at: datetime
    approved_at: datetime | None = None
    last_seen: datetime | None = None
    token_id: str


class Agents(Records[KnownAgent]):
    """The agents on record. Those that were rejected or revoked stay, for whoever wants to know."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, AGENTS, KnownAgent, unknown="input.unknown-agent")

    def pinned(self, fingerprint: str) -> KnownAgent | None:
        """Return the live agent with this key, None if there is none (any more)."""
        found = self._where(AGENTS.c.fingerprint == fingerprint)
        return next((each for each in found if each.state in LIVE), None)

    def find(self, name: str, *states: AgentState) -> KnownAgent:
        """Return the agent of this id or host name; of several, the one in one of these states.

        Raises:
            BadInput: `input.unknown-agent`, `agent.ambiguous`.
        """
        known = self._where((AGENTS.c.agent_id == name) | (AGENTS.c.host_name == name.lower()))
        found = [each for each in known if each.state in states] or known
        if not found:
            raise BadInput("input.unknown-agent", "No agent of this name or id is on record.", subject=name)
        if len(found) > 1:
            ids = ", ".join(each.agent_id for each in found)
            raise BadInput("agent.ambiguous", f"Several agents have this host name: {ids}.", subject=name)
        return found[0]

    def approve(self, agent_ids: Sequence[str], now: datetime) -> Mapping[str, Sequence[KnownAgent]]:
        """Let agents be asked: all of these, or none. Idempotent.

        Returns:
            For each, the older agents of the same host name; it takes their place, and they are revoked.

        Raises:
            BadInput: `input.unknown-agent`.
            Refused: `agent.not-pending`, one of them was rejected or revoked.
        """
        with self._database.transaction() as connection:
            return {each: self._approve(connection, each, now) for each in agent_ids}

    def reject(self, agent_id: str) -> None:
        """Decline a pending agent, for good.

        Raises:
            BadInput: `input.unknown-agent`.
            Refused: `agent.not-pending`.
        """
        with self._database.transaction() as connection:
            agent = self._read(self._row(connection, agent_id))
            self._demand_pending(agent)
            self._store(connection, replace(agent, state=AgentState.REJECTED))

    def revoke(self, agent_id: str) -> None:
        """Forget an agent's pin, for good. Idempotent.

        Raises:
            BadInput: `input.unknown-agent`.
        """
        with self._database.transaction() as connection:
            agent = self._read(self._row(connection, agent_id))
            self._store(connection, replace(agent, state=AgentState.REVOKED))

    def seen(self, agent_id: str, version: str, now: datetime) -> None:
        """Note that an agent has connected. One that nobody knows is no error."""
        with self._database.transaction() as connection:
            of_it = AGENTS.c.agent_id == agent_id
            connection.execute(update(AGENTS).where(of_it).values(version=version, last_seen=now))

    def add_within(self, connection: Connection, agent: KnownAgent) -> None:
        """Put an agent on record as part of the caller's transaction."""
        connection.execute(insert(AGENTS).values(asdict(agent)))

    def known_within(
        self, connection: Connection, *, fingerprint: str, host_name: str
    ) -> Sequence[KnownAgent]:
        """Return the agents with this key or this host name, as part of the caller's transaction."""
        either = (AGENTS.c.fingerprint == fingerprint) | (AGENTS.c.host_name == host_name)
        return self._select(connection, either)

    def _where(self, condition: ColumnElement[bool]) -> Sequence[KnownAgent]:
        with self._database.transaction() as connection:
            return self._select(connection, condition)

    def _select(self, connection: Connection, condition: ColumnElement[bool]) -> Sequence[KnownAgent]:
        rows = connection.execute(select(AGENTS).where(condition).order_by(AGENTS.c.enrolled_at)).mappings()
        return [self._read(dict(row)) for row in rows]

    def _store(self, connection: Connection, agent: KnownAgent) -> None:
        connection.execute(update(AGENTS).where(self._key == agent.agent_id).values(asdict(agent)))

    def _approve(self, connection: Connection, agent_id: str, now: datetime) -> Sequence[KnownAgent]:
        agent = self._read(self._row(connection, agent_id))
        if agent.state is AgentState.APPROVED:
            return ()
        self._demand_pending(agent)
        same_name = (AGENTS.c.host_name == agent.host_name) & (AGENTS.c.state == AgentState.APPROVED)
        replaced = self._select(connection, same_name)
        for each in replaced:
            self._store(connection, replace(each, state=AgentState.REVOKED))
        self._store(connection, replace(agent, state=AgentState.APPROVED, approved_at=now))
        return replaced

    def _demand_pending(self, agent: KnownAgent) -> None:
        if agent.state is not AgentState.PENDING:
            what = f"The agent of {agent.host_name} is {agent.state.value}."
            raise Refused("agent.not-pending", what, subject=agent.agent_id)

    def _read(self, row: dict[str, Any]) -> KnownAgent:
        return super()._read(row | {"state": AgentState(row["state"])})
