from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import BadInput, Refused
from orchestrator.hosts.agent.admission import EnrolmentRequest
from orchestrator.hosts.agent.identity_certificates import new_key
from orchestrator.hosts.agent.identity_request import signing_request
from orchestrator.model.hosts import HostIdentity
from orchestrator.registry.agents import AgentState
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Hosts, RegisteredHost
from orchestrator.service import enrolment
from orchestrator.service.enrolment import Enrolments

NOW = datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC)
OLD = HostIdentity("machine-1", "EX01", "Windows Server", emulated=False)
NEW = HostIdentity("machine-2", "EX01", "Windows Server", emulated=False)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let warnings through, unlike the other tests of the service: they are what is looked at."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    monkeypatch.setattr(enrolment, "_log", structlog.get_logger())  # the old one may be bound already
    yield
    structlog.reset_defaults()


@pytest.fixture
def enrolments(tmp_path: Path) -> Enrolments:
    folder = StateFolder(tmp_path / "home")
    folder.prepare()
    return Enrolments(folder, Database(folder.database))


@pytest.fixture
def hosts(enrolments: Enrolments) -> Hosts:
    return Hosts(enrolments.database)


def enrolled(enrolments: Enrolments, host_name: str = "ex01.corp", *, approve: bool = True) -> str:
    _, token = enrolments.create_token(
        NOW, uses=1, life=timedelta(hours=1), host_rule="*", hub_url="https://hub:1"
    )
    asked = EnrolmentRequest(token.text(), host_name, signing_request(new_key()), "1.0", "vss")
    agent_id = enrolments.enrol(asked, NOW).agent_id
    if approve:
        enrolments.agents.approve([agent_id], NOW)
    return agent_id


def test_an_approved_agent_that_says_who_it_is_becomes_a_host(enrolments: Enrolments, hosts: Hosts) -> None:
    agent_id = enrolled(enrolments)
    for _ in range(2):
        enrolments.met(agent_id, OLD, NOW)
    assert hosts.list() == [
        RegisteredHost(
            name="ex01.corp",
            kind="agent",
            url=f"agent:{agent_id}",
            secret_ref="",
            ca_file=None,
            settings={},
            host_id="machine-1",
            host_name="EX01",
            added_at=NOW,
        )
    ]


def test_one_that_is_not_approved_does_not(enrolments: Enrolments, hosts: Hosts) -> None:
    agent_id = enrolled(enrolments, approve=False)
    enrolments.met(agent_id, OLD, NOW)
    assert hosts.list() == []
    enrolments.agents.reject(agent_id)
    enrolments.met(agent_id, OLD, NOW)
    assert hosts.list() == []


def test_approval_is_idempotent_and_final_ends_are_final(enrolments: Enrolments) -> None:
    approved, rejected, revoked = (enrolled(enrolments, f"ex{n}.corp", approve=n == 0) for n in range(3))
    agents = enrolments.agents
    assert agents.approve([approved], NOW + timedelta(days=1)) == {approved: ()}
    assert agents.get(approved).approved_at == NOW
    agents.reject(rejected)
    agents.revoke(revoked)
    agents.revoke(revoked)
    for agent_id in (rejected, revoked):
        for end in (lambda one: agents.approve([one], NOW), agents.reject):
            with pytest.raises(Refused) as caught:
                end(agent_id)
            assert caught.value.code == "agent.not-pending"
    with pytest.raises(Refused):
        agents.reject(approved)  # that would be to revoke it
    assert [agents.get(one).state for one in (approved, rejected, revoked)] == [
        AgentState.APPROVED,
        AgentState.REJECTED,
        AgentState.REVOKED,
    ]


def test_a_new_machine_takes_the_place_of_the_old_one(enrolments: Enrolments, hosts: Hosts) -> None:
    old = enrolled(enrolments)
    enrolments.met(old, OLD, NOW)
    other = enrolled(enrolments, "ex02.corp")
    new = enrolled(enrolments, approve=False)
    assert [each.agent_id for each in enrolments.agents.approve([new], NOW)[new]] == [old]
    assert enrolments.agents.get(old).state is AgentState.REVOKED
    assert enrolments.agents.get(other).state is AgentState.APPROVED
    enrolments.met(old, OLD, NOW)  # still connected: it must not take the name back
    enrolments.met(new, NEW, NOW)
    (host,) = hosts.list()
    assert (host.name, host.url, host.host_id) == ("ex01.corp", f"agent:{new}", "machine-2")


def test_the_same_machine_enrolled_anew_keeps_its_place(enrolments: Enrolments, hosts: Hosts) -> None:
    enrolments.met(enrolled(enrolments), OLD, NOW)
    new = enrolled(enrolments)
    enrolments.met(new, OLD, NOW)
    (host,) = hosts.list()
    assert (host.url, host.host_id) == (f"agent:{new}", "machine-1")


def test_one_machine_is_not_registered_twice(enrolments: Enrolments, hosts: Hosts) -> None:
    enrolments.met(enrolled(enrolments, "ex01.corp"), OLD, NOW)
    enrolments.met(enrolled(enrolments, "ex02.corp"), NEW, NOW)
    third, second_again = enrolled(enrolments, "ex03.corp"), enrolled(enrolments, "ex02.corp")
    before = hosts.list()
    for agent_id in (third, second_again):
        with capture_logs() as logged:
            enrolments.met(agent_id, OLD, NOW)
        assert [each["code"] for each in logged] == ["input.already-registered"]
    assert hosts.list() == before


def test_a_name_that_is_taken_is_told_to_the_log(enrolments: Enrolments, hosts: Hosts) -> None:
    enrolments.met(enrolled(enrolments), OLD, NOW)
    taken = hosts.get("ex01.corp")
    hosts.remove("ex01.corp")
    hosts.add(replace(taken, kind="other", url="https://ex01", host_id="machine-9"))
    agent_id = enrolled(enrolments)
    with capture_logs() as logged:
        enrolments.met(agent_id, NEW, NOW)
    assert [each["code"] for each in logged] == ["input.name-taken"]


@pytest.mark.parametrize(
    ("host_name", "name"), [("ex01." + "a" * 60, "ex01"), ("ex01", "ex01"), ("_dmarc" + "x" * 50, None)]
)
def test_long_names_are_cut_to_their_first_part(
    enrolments: Enrolments, hosts: Hosts, host_name: str, name: str | None
) -> None:
    with capture_logs():
        enrolments.met(enrolled(enrolments, host_name), OLD, NOW)
    assert [each.name for each in hosts.list()] == ([] if name is None else [name])


def test_an_agent_is_found_by_id_or_name_in_the_state_that_matters(enrolments: Enrolments) -> None:
    agents = enrolments.agents
    old = enrolled(enrolments)
    new = enrolled(enrolments, approve=False)
    assert agents.find(old).agent_id == old
    assert agents.find("EX01.corp", AgentState.PENDING).agent_id == new
    assert agents.find("ex01.corp", AgentState.APPROVED).agent_id == old
    with pytest.raises(BadInput, match=f"{old}, {new}") as caught:
        agents.find("ex01.corp", AgentState.PENDING, AgentState.APPROVED)
    assert caught.value.code == "agent.ambiguous"
    with pytest.raises(BadInput) as caught:
        agents.find("nobody")
    assert caught.value.code == "input.unknown-agent"


def test_a_host_that_is_not_supported_is_told_to_the_log_and_not_registered(
    enrolments: Enrolments, hosts: Hosts
) -> None:
    old = HostIdentity("machine-9", "EX09", "Exchange Server 2007 on Windows Server 2008", emulated=False)
    with capture_logs() as logged:
        enrolments.met(enrolled(enrolments, "ex09.corp"), old, NOW)
    assert hosts.list() == []
    assert [each["code"] for each in logged if "code" in each] == ["policy.host-unsupported"]
