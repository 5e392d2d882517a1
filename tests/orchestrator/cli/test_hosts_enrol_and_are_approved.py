from __future__ import annotations

import asyncio
import io
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.config.state_folder import StateFolder
from orchestrator.hosts.agent import identity_enrolling
from orchestrator.hosts.agent.admission import Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.identity_agent import AgentFolder
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import Issuer, new_key
from orchestrator.hosts.agent.identity_files import write_key, write_private
from orchestrator.hosts.agent.identity_token import EnrolmentToken, read_token
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Hosts
from orchestrator.service import agent_hosts
from orchestrator.service.enrolment import Enrolments
from tests.orchestrator.cli.conftest import Ended, Quiesce
from tests.orchestrator.registry.fakes import World

HUB = "https://hub.corp:7443"


@pytest.fixture
def enrolments(tmp_path: Path) -> Enrolments:
    folder = StateFolder(tmp_path / "home")
    folder.prepare()
    return Enrolments(folder, Database(folder.database))


@pytest.fixture(autouse=True)
def a_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in for the one request of an enrolment; what the service says goes back as it is."""

    async def ask(token: EnrolmentToken, request: EnrolmentRequest, _proxy: str | None = None) -> Enrolment:
        def answer() -> Enrolment:
            folder = StateFolder(tmp_path / "home")
            return Enrolments(folder, Database(folder.database)).enrol(request, datetime.now(UTC))

        assert token.hub_url == HUB
        return await asyncio.to_thread(answer)

    monkeypatch.setattr(identity_enrolling, "enrol", ask)


@pytest.fixture
def enrol(quiesce: Quiesce, tmp_path: Path) -> Callable[..., Ended]:
    """`agent enrol` on a host of this name, with a fresh token unless one is given."""

    def run(name: str, *more: str, token: str | None = None, approve: bool = False) -> Ended:
        if token is None:
            made = quiesce("host", "enrol-token", "create", "--hub", HUB, "--json", *["--approve"] * approve)
            token = made.result["enrolment"]
        state = tmp_path / f"state-{name}"
        return quiesce("agent", "enrol", token, "--name", name, "--state", str(state), "--json", *more)

    return run


def test_a_token_is_shown_once_and_never_listed(quiesce: Quiesce) -> None:
    made = quiesce(
        *("host", "enrol-token", "create", "--uses", "40", "--expires", "24h", "--match", "*.CORP"),
        *("--approve", "--hub", HUB, "--json"),
    )
    assert made.document["schema"] == "quiesce.enrol-token/1"
    token = read_token(made.result["enrolment"])
    assert (made.result["id"], made.result["hub"]) == (token.token_id, token.hub_url) == (token.token_id, HUB)
    listed = quiesce("host", "enrol-token", "list", "--json")
    (row,) = listed.result["tokens"]
    assert (row["uses"], row["uses_left"], row["match"], row["approves"], row["good"], row["enrolled"]) == (
        *(40, 40, "*.corp", True, True),
        [],
    )
    text = quiesce("host", "enrol-token", "list").out
    for shown in (listed.out, text):
        assert token.secret.reveal() not in shown
        assert made.result["enrolment"] not in shown
    assert token.token_id in text


def read_token_text(quiesce: Quiesce) -> str:
    words = quiesce("host", "enrol-token", "create", "--hub", HUB).out.split()
    return next(word for word in words if word.startswith("qet1."))


def test_what_people_paste_is_what_the_agent_reads(quiesce: Quiesce) -> None:
    assert read_token(read_token_text(quiesce)).hub_url == HUB


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--uses", "0"), "input.usage"),
        (("--uses", "1001"), "input.usage"),
        (("--expires", "24"), "input.usage"),
        (("--expires", "0h"), "input.usage"),
        (("--expires", "31d"), "input.usage"),
        (("--match", "[a]"), "input.bad-name"),
        (("--hub", "hub.corp"), "agent.hub-unnamed"),
        ((), "agent.hub-unnamed"),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(
    quiesce: Quiesce, options: tuple[str, ...], code: str
) -> None:
    ended = quiesce("host", "enrol-token", "create", "--json", *options)
    assert (ended.status, ended.problem["code"]) == (2, code)
    assert quiesce("host", "enrol-token", "list", "--json").result == {"tokens": []}


def test_a_host_enrols_is_shown_and_approved(
    quiesce: Quiesce, enrol: Callable[..., Ended], tmp_path: Path
) -> None:
    ended = enrol("EX01.corp")
    assert (ended.status, ended.document["schema"]) == (0, "quiesce.agent-enrolled/1")
    assert not ended.result["approved"]
    folder = AgentFolder(tmp_path / "state-EX01.corp")
    identity = folder.identity()
    assert (identity.host_name, identity.hub_url, identity.backend) == ("ex01.corp", HUB, "vss")
    (waiting,) = quiesce("host", "pending", "--json").result["agents"]
    assert waiting["fingerprint"] == ended.result["fingerprint"] == folder.fingerprint()
    text = quiesce("host", "pending").out
    assert waiting["fingerprint"] in text
    assert waiting["enrolled_with"] in text
    approved = quiesce("host", "approve", "ex01.CORP", "--json")
    (row,) = approved.result["agents"]
    assert (approved.status, row["state"], row["registered_as"]) == (0, "approved", None)
    assert row["not_registered"]["remedy"]
    assert quiesce("host", "pending").out == "No agent waits for approval.\n"
    assert [each["state"] for each in quiesce("host", "pending", "--all", "--json").result["agents"]] == [
        "approved"
    ]


def test_an_agent_that_answers_is_registered_with_its_approval(
    quiesce: Quiesce,
    enrol: Callable[..., Ended],
    world: World,
    enrolments: Enrolments,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent_id = enrol("ex01.corp").result["agent"]
    of = agent_hosts.endpoint_of

    def fake_endpoint(agent: object) -> object:
        return replace(of(agent), kind="fake-host", secret_ref="env:PEER_TOKEN")  # type: ignore[arg-type] # an agent

    monkeypatch.setattr(agent_hosts, "endpoint_of", fake_endpoint)
    monkeypatch.setattr("orchestrator.cli.host_enrol.endpoint_of", fake_endpoint)
    (row,) = quiesce("host", "approve", agent_id, "--json").result["agents"]
    assert (row["registered_as"], row["not_registered"]) == ("ex01.corp", None)
    assert Hosts(enrolments.database).get("ex01.corp").host_id == world.host_id
    assert "registered as ex01.corp" in quiesce("host", "approve", agent_id).out
    assert quiesce("host", "revoke", "ex01.corp", "--json").result["revoked"] == agent_id


def test_approval_of_several_is_of_all_or_none(quiesce: Quiesce, enrol: Callable[..., Ended]) -> None:
    first, second = enrol("ex01.corp").result["agent"], enrol("ex02.corp").result["agent"]
    ended = quiesce("host", "approve", first, "nobody", second, "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.unknown-agent")
    assert len(quiesce("host", "pending", "--json").result["agents"]) == 2
    assert quiesce("host", "reject", second, "--json").result == {"rejected": second}
    ended = quiesce("host", "approve", first, second, "--json")
    assert (ended.status, ended.problem["code"]) == (3, "agent.not-pending")
    assert [each["agent"] for each in quiesce("host", "pending", "--json").result["agents"]] == [first]


def test_a_replacement_says_what_it_replaces(
    quiesce: Quiesce, enrol: Callable[..., Ended], tmp_path: Path
) -> None:
    old = enrol("ex01.corp").result["agent"]
    quiesce("host", "approve", old)
    (tmp_path / "state-ex01.corp").rename(tmp_path / "moved-away")
    new = enrol("ex01.corp", approve=True)
    assert not new.result["approved"]
    (row,) = quiesce("host", "approve", new.result["agent"], "--json").result["agents"]
    assert row["replaced"] == [old]
    states = {
        each["agent"]: each["state"]
        for each in quiesce("host", "pending", "--all", "--json").result["agents"]
    }
    assert states == {old: "revoked", new.result["agent"]: "approved"}


def test_a_name_of_two_agents_is_ambiguous(
    quiesce: Quiesce, enrol: Callable[..., Ended], tmp_path: Path
) -> None:
    enrol("ex01.corp")
    (tmp_path / "state-ex01.corp").rename(tmp_path / "moved-away")
    enrol("ex01.corp")
    for verb in ("approve", "revoke"):
        assert quiesce("host", verb, "ex01.corp", "--json").problem["code"] == "agent.ambiguous"


def test_revoked_is_final_and_said(quiesce: Quiesce, enrol: Callable[..., Ended]) -> None:
    agent_id = enrol("ex01.corp", approve=True).result["agent"]
    assert "The hub drops" in quiesce("host", "revoke", "ex01.corp").out
    assert quiesce("host", "approve", agent_id, "--json").problem["code"] == "agent.not-pending"


def test_who_enrolled_with_a_token_stands_below_it(quiesce: Quiesce, enrol: Callable[..., Ended]) -> None:
    agent_id = enrol("ex01.corp").result["agent"]
    (row,) = quiesce("host", "enrol-token", "list", "--json").result["tokens"]
    assert [each["agent"] for each in row["enrolled"]] == [agent_id]
    assert (row["good"], row["uses_left"]) == (False, 0)
    assert agent_id in quiesce("host", "enrol-token", "list").out


def test_a_revoked_token_is_listed_as_such(quiesce: Quiesce, enrol: Callable[..., Ended]) -> None:
    token = read_token_text(quiesce)
    quiesce("host", "enrol-token", "revoke", read_token(token).token_id)
    assert "revoked" in quiesce("host", "enrol-token", "list").out
    ended = enrol("ex01.corp", token=token)
    assert (ended.status, ended.problem["code"]) == (3, "agent.token-refused")
    assert (
        quiesce("host", "enrol-token", "revoke", "nobody", "--json").problem["code"] == "input.unknown-token"
    )


def test_a_token_is_read_from_standard_input(
    quiesce: Quiesce, enrol: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(read_token_text(quiesce) + "\n"))
    assert enrol("ex01.corp", token="-").status == 0


@pytest.mark.parametrize("token", ["qet1.AAAA", "words", "-"])
def test_a_damaged_token_makes_nothing(
    enrol: Callable[..., Ended], tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    ended = enrol("ex01.corp", token=token)
    assert (ended.status, ended.problem["code"]) == (2, "agent.token-unreadable")
    assert not (tmp_path / "state-ex01.corp").exists()


def test_a_host_that_is_enrolled_takes_no_second_use(quiesce: Quiesce, enrol: Callable[..., Ended]) -> None:
    enrol("ex01.corp")
    token = read_token_text(quiesce)
    ended = enrol("ex01.corp", token=token)
    assert (ended.status, ended.problem["code"]) == (3, "agent.already-enrolled")
    tokens = quiesce("host", "enrol-token", "list", "--json").result["tokens"]
    assert {each["id"]: each["uses_left"] for each in tokens}[read_token(token).token_id] == 1


def test_a_company_s_certificate_is_pinned_all_the_same(
    quiesce: Quiesce, enrol: Callable[..., Ended], tmp_path: Path
) -> None:
    key, company_key = new_key(), new_key()
    company = Issuer.make(company_key, "Company CA", datetime.now(UTC))
    certificate = company.issue(key.public_key(), "agent", datetime.now(UTC), agent_id="theirs")
    write_key(tmp_path / "company.key", key)
    write_private(tmp_path / "company.pem", certificate.public_bytes(Encoding.PEM))
    assert enrol("ex01.corp", "--cert", str(tmp_path / "company.pem")).problem["code"] == "input.usage"
    ended = enrol(
        "ex01.corp", "--cert", str(tmp_path / "company.pem"), "--key", str(tmp_path / "company.key")
    )
    assert ended.status == 0
    folder = AgentFolder(tmp_path / "state-ex01.corp")
    assert folder.tls_files.certificate.read_bytes() == (tmp_path / "company.pem").read_bytes()
    assert stat.S_IMODE(folder.tls_files.key.stat().st_mode) == 0o600
    (waiting,) = quiesce("host", "pending", "--json").result["agents"]
    assert waiting["fingerprint"] == folder.fingerprint()


def test_the_authority_is_the_installation_s_own(quiesce: Quiesce, tmp_path: Path) -> None:
    read_token_text(quiesce)
    assert AgentAuthority.exists(tmp_path / "home" / "keys")
