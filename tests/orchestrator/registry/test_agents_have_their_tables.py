from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestrator.errors import BadInput
from orchestrator.registry.agent_tokens import AgentTokens, KnownToken, WhyNot
from orchestrator.registry.agents import Agents, AgentState, KnownAgent
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Hosts, RegisteredHost

NOW = datetime(2026, 3, 1, 2, 3, 4, 567890, UTC)
TOKEN = KnownToken(
    token_id="abcdefghij",
    salt=b"s" * 16,
    secret_hash=b"h" * 32,
    host_rule="*",
    approves=True,
    uses=2,
    uses_left=2,
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)
AGENT = KnownAgent(
    agent_id="a" * 16,
    host_name="ex01.corp",
    fingerprint="f" * 64,
    state=AgentState.PENDING,
    backend="vss",
    version="1.0",
    enrolled_at=NOW,
    token_id=TOKEN.token_id,
)
HOST = RegisteredHost(
    name="EX01",
    kind="agent",
    url="agent:a",
    secret_ref="",
    ca_file=None,
    settings={},
    host_id="host-1",
    host_name="ex01",
    added_at=NOW,
)


def columns_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what a table's columns are called, and which must not be empty or are its key."""
    with sqlite3.connect(path) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {
            name: [row[1:4] + row[5:] for row in connection.execute(f"PRAGMA table_info({name})")]
            for name in names
        }
    connection.close()
    return found


def test_what_is_added_is_there_for_the_next_process(database: Database, database_path: Path) -> None:
    AgentTokens(database).add(TOKEN)
    approved = AgentTokens(database).admit(TOKEN.token_id, lambda _: True, AGENT)
    assert isinstance(approved, KnownAgent)
    again = Database(database_path)
    assert Agents(again).list() == [approved]
    assert (approved.state, approved.approved_at) == (AgentState.APPROVED, NOW)
    assert [each.uses_left for each in AgentTokens(again).list()] == [1]


def test_a_database_of_the_version_before_is_brought_to_the_same_tables(database_path: Path) -> None:
    Hosts(Database(database_path)).add(HOST)
    wanted = columns_of(database_path)
    with sqlite3.connect(database_path) as connection:
        for table in ("agents", "agent_tokens"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET schema_version = 2")
    connection.close()
    database = Database(database_path)
    assert columns_of(database_path) == wanted
    assert Hosts(database).list() == [HOST]
    AgentTokens(database).add(TOKEN)
    tokens = AgentTokens(database)
    assert isinstance(tokens.admit(TOKEN.token_id, lambda _: True, AGENT), KnownAgent)
    with database.transaction() as ours, pytest.raises(Exception, match="UNIQUE"):
        Agents(database).add_within(ours, replace(AGENT, agent_id="b" * 16))


def test_a_failure_after_the_use_was_taken_gives_it_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = AgentTokens(database)
    tokens.add(TOKEN)

    def fails(*_args: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Agents, "add_within", fails)
    with pytest.raises(RuntimeError):
        tokens.admit(TOKEN.token_id, lambda _: True, AGENT)
    assert tokens.list() == [TOKEN]


def test_unknown_ones_have_their_own_codes(database: Database) -> None:
    agents, tokens = Agents(database), AgentTokens(database)
    assert tokens.admit("nobody", lambda _: True, AGENT) is WhyNot.UNKNOWN
    for ask, code in (
        (agents.get, "input.unknown-agent"),
        (agents.find, "input.unknown-agent"),
        (agents.revoke, "input.unknown-agent"),
        (agents.reject, "input.unknown-agent"),
        (lambda one: agents.approve([one], NOW), "input.unknown-agent"),
        (lambda one: tokens.revoke(one, NOW), "input.unknown-token"),
    ):
        with pytest.raises(BadInput) as caught:
            ask("nobody")
        assert (caught.value.code, caught.value.subject) == (code, "nobody")


def test_a_name_stands_for_another_host_from_now_on(database: Database) -> None:
    hosts = Hosts(database)
    hosts.add(HOST)
    other = replace(HOST, name="EX02", url="agent:b", host_id="host-2")
    hosts.add(other)
    new = replace(HOST, name="x", url="agent:c", host_id="host-3")
    kept = hosts.put_in_place_of(HOST, new)
    assert hosts.list() == [kept, other]
    assert (kept.name, kept.url, kept.host_id) == ("EX01", "agent:c", "host-3")
    with pytest.raises(BadInput, match="as EX02") as caught:
        hosts.put_in_place_of(kept, replace(new, host_id="host-2"))
    assert caught.value.code == "input.already-registered"
    hosts.remove("EX01")
    with pytest.raises(BadInput):
        hosts.put_in_place_of(kept, new)
    assert hosts.list() == [other]
