from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography import x509
from structlog.testing import capture_logs

from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import BadInput, OrchestratorError, Refused
from orchestrator.hosts.agent.admission import Admissions, Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.identity_certificates import fingerprint_of_key, new_key
from orchestrator.hosts.agent.identity_request import signing_request
from orchestrator.hosts.agent.identity_token import new_secret, read_token
from orchestrator.model.hosts import HostIdentity
from orchestrator.registry.agent_tokens import WhyNot
from orchestrator.registry.agents import AgentState
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Hosts
from orchestrator.service import enrolment
from orchestrator.service.enrolment import Enrolments

NOW = datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC)
LIFE = timedelta(hours=24)
SECOND = timedelta(seconds=1)
HUB = "https://hub.corp:7443"

Change = Callable[[EnrolmentRequest], EnrolmentRequest]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let warnings through, unlike the other tests of the service: they are what is looked at."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    monkeypatch.setattr(enrolment, "_log", structlog.get_logger())  # the old one may be bound already
    yield
    structlog.reset_defaults()


@pytest.fixture
def home(tmp_path: Path) -> StateFolder:
    folder = StateFolder(tmp_path / "home")
    folder.prepare()
    return folder


@pytest.fixture
def enrolments(home: StateFolder) -> Enrolments:
    return Enrolments(home, Database(home.database))


def token(enrolments: Enrolments, **given: Any) -> str:
    options: dict[str, Any] = {"uses": 1, "life": LIFE, "host_rule": "*.corp", "hub_url": HUB, **given}
    return enrolments.create_token(NOW, **options)[1].text()


def request(text: str, host_name: str = "ex01.corp", csr: str | None = None) -> EnrolmentRequest:
    return EnrolmentRequest(text, host_name, csr or signing_request(new_key()), "1.0", "vss")


def everything(enrolments: Enrolments) -> list[object]:
    return [*enrolments.tokens.list(), *enrolments.agents.list(), *Hosts(enrolments.database).list()]


def refused(enrolments: Enrolments, asked: EnrolmentRequest, why: WhyNot, now: datetime = NOW) -> None:
    """Check that a request is refused as any other, without effect, and that only the log says why."""
    before = everything(enrolments)
    with pytest.raises(Refused) as caught, capture_logs() as logged:
        enrolments.enrol(asked, now)
    assert everything(enrolments) == before
    assert (caught.value.code, caught.value.what, caught.value.subject) == (
        "agent.token-refused",
        "The hub does not take this token.",
        "",
    )
    assert [each["why"] for each in logged] == [why.value]
    assert asked.token not in repr(logged)


def test_it_is_what_the_hub_asks_for(enrolments: Enrolments) -> None:
    admissions: Admissions = enrolments
    assert admissions.admitted("0" * 64) is None


def test_a_host_enrols_and_waits_for_approval(enrolments: Enrolments) -> None:
    key = new_key()
    answer = enrolments.enrol(request(token(enrolments), "EX01.corp", signing_request(key)), NOW)
    certificate = x509.load_pem_x509_certificate(answer.certificate.encode())
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(enrolments.authority(NOW).certificate)
    assert not answer.approved
    admitted = enrolments.admitted(fingerprint_of_key(key.public_key()))
    assert admitted is not None
    assert (admitted.agent_id, admitted.host_name, admitted.approved) == (answer.agent_id, "ex01.corp", False)
    enrolments.agents.approve([answer.agent_id], NOW)
    admitted = enrolments.admitted(fingerprint_of_key(key.public_key()))
    assert admitted is not None
    assert admitted.approved


def test_forty_hosts_enrol_with_one_token_and_no_more(enrolments: Enrolments) -> None:
    text = token(enrolments, uses=40, approves=True)
    answers = [enrolments.enrol(request(text, f"ex{number:02}.corp"), NOW) for number in range(40)]
    assert len({each.agent_id for each in answers}) == 40
    assert all(each.approved for each in answers)
    refused(enrolments, request(text, "ex41.corp"), WhyNot.USED_UP)
    for number, each in enumerate(answers):
        identity = HostIdentity(f"id-{number}", f"EX{number:02}", "Windows", emulated=True)
        enrolments.met(each.agent_id, identity, NOW)
    assert [each.name for each in Hosts(enrolments.database).list()] == [f"ex{n:02}.corp" for n in range(40)]


def test_of_two_that_race_for_the_last_use_one_wins(home: StateFolder, enrolments: Enrolments) -> None:
    text = token(enrolments, uses=3)
    asked = [request(text, f"ex{number}.corp") for number in range(12)]

    def enrol(each: EnrolmentRequest) -> Enrolment | Refused:
        try:
            return Enrolments(home, Database(home.database)).enrol(each, NOW)
        except Refused as error:
            return error

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(enrol, asked))
    assert sum(isinstance(each, Enrolment) for each in found) == 3
    assert len(enrolments.agents.list()) == 3
    assert [each.uses_left for each in enrolments.tokens.list()] == [0]


def test_an_agent_that_lost_its_answer_asks_again(enrolments: Enrolments) -> None:
    asked = request(token(enrolments))
    first = enrolments.enrol(asked, NOW)
    again = enrolments.enrol(asked, NOW + SECOND)
    assert again.agent_id == first.agent_id
    assert len(enrolments.agents.list()) == 1


def test_a_token_that_was_used_up_is_refused(enrolments: Enrolments) -> None:
    text = token(enrolments)
    enrolments.enrol(request(text), NOW)
    refused(enrolments, request(text), WhyNot.USED_UP)


def test_a_leaked_token_that_somebody_else_used_first_is_seen(enrolments: Enrolments) -> None:
    text = token(enrolments)
    enrolments.enrol(request(text, "stranger.corp"), NOW)
    refused(enrolments, request(text, "ex01.corp"), WhyNot.USED_UP)  # the right host is turned away, loudly
    (seen,) = enrolments.agents.list()
    assert (seen.host_name, seen.state, seen.token_id) == (
        "stranger.corp",
        AgentState.PENDING,
        read_token(text).token_id,
    )


@pytest.mark.parametrize("first_approved", [True, False])
def test_a_leaked_token_puts_no_stranger_in_the_place_of_a_host(
    enrolments: Enrolments, first_approved: bool
) -> None:
    text = token(enrolments, uses=2, approves=first_approved)
    first = enrolments.enrol(request(text), NOW)
    stranger = enrolments.enrol(request(token(enrolments, approves=True)), NOW)
    assert (first.approved, stranger.approved) == (first_approved, False)
    assert enrolments.agents.get(first.agent_id).state is not AgentState.REVOKED


def test_a_token_ends_to_the_second(enrolments: Enrolments) -> None:
    text = token(enrolments, uses=2)
    enrolments.enrol(request(text, "ex01.corp"), NOW + LIFE - SECOND)
    refused(enrolments, request(text, "ex02.corp"), WhyNot.EXPIRED, NOW + LIFE)


def test_a_revoked_token_is_refused_and_its_hosts_stay(enrolments: Enrolments) -> None:
    text = token(enrolments, uses=2)
    answer = enrolments.enrol(request(text), NOW)
    enrolments.tokens.revoke(read_token(text).token_id, NOW)
    refused(enrolments, request(text), WhyNot.REVOKED)
    assert enrolments.agents.get(answer.agent_id).state is AgentState.PENDING
    enrolments.tokens.revoke(read_token(text).token_id, NOW + SECOND)
    assert enrolments.tokens.get(read_token(text).token_id).revoked_at == NOW


def test_a_token_with_another_secret_is_refused(enrolments: Enrolments) -> None:
    real = read_token(token(enrolments))
    refused(enrolments, request(replace(real, secret=new_secret()).text()), WhyNot.OTHER_SECRET)


def test_a_token_of_another_installation_is_refused(tmp_path: Path, enrolments: Enrolments) -> None:
    other = StateFolder(tmp_path / "other")
    other.prepare()
    token(enrolments)
    refused(enrolments, request(token(Enrolments(other, Database(other.database)))), WhyNot.UNKNOWN)


@pytest.mark.parametrize("text", ["", "words", "qet1.AAAA", "x" * 100_000])
def test_what_is_no_token_is_refused_like_any_other(enrolments: Enrolments, text: str) -> None:
    before = everything(enrolments)
    with pytest.raises(Refused) as caught, capture_logs() as logged:
        enrolments.enrol(request(text), NOW)
    assert caught.value.code == "agent.token-refused"
    assert [each["why"] for each in logged] == [WhyNot.UNREADABLE.value]
    assert everything(enrolments) == before


@pytest.mark.parametrize("name", ["ex01.other", "corp", "ex01.corp.evil.example", "xcorp"])
def test_a_host_of_another_name_is_refused(enrolments: Enrolments, name: str) -> None:
    refused(enrolments, request(token(enrolments), name), WhyNot.OTHER_HOST)


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: replace(asked, host_name=""),
        lambda asked: replace(asked, host_name="a..corp"),
        lambda asked: replace(asked, host_name="ex 01.corp"),
        lambda asked: replace(asked, host_name="ex01.corp\n"),
        lambda asked: replace(asked, host_name="-\x1b[2J.corp"),
        lambda asked: replace(asked, host_name="a" * 64 + ".corp"),
        lambda asked: replace(asked, host_name=".".join(["a" * 60] * 5) + ".corp"),
        lambda asked: replace(asked, agent_version="1 0"),
        lambda asked: replace(asked, agent_version=""),
        lambda asked: replace(asked, backend="v" * 65),
        lambda asked: replace(asked, signing_request="words"),
    ],
)
def test_a_request_that_does_not_fit_has_no_effect(enrolments: Enrolments, change: Change) -> None:
    asked = request(token(enrolments))
    before = everything(enrolments)
    with pytest.raises(BadInput) as caught:
        enrolments.enrol(change(asked), NOW)
    assert caught.value.code == "agent.bad-request"
    assert everything(enrolments) == before


@pytest.mark.parametrize("end", ["reject", "revoke"])
def test_the_key_of_an_agent_that_is_out_does_not_come_in_again(enrolments: Enrolments, end: str) -> None:
    key = new_key()
    csr = signing_request(key)
    answer = enrolments.enrol(request(token(enrolments), csr=csr), NOW)
    getattr(enrolments.agents, end)(answer.agent_id)
    assert enrolments.admitted(fingerprint_of_key(key.public_key())) is None
    refused(enrolments, request(token(enrolments), csr=csr), WhyNot.KEY_IS_OUT)


def test_one_key_is_not_that_of_two_hosts(enrolments: Enrolments) -> None:
    csr = signing_request(new_key())
    enrolments.enrol(request(token(enrolments), "ex01.corp", csr), NOW)
    refused(enrolments, request(token(enrolments), "ex02.corp", csr), WhyNot.KEY_IS_OUT)


def test_a_certificate_is_renewed_for_the_pinned_key_alone(enrolments: Enrolments) -> None:
    key, other = new_key(), new_key()
    pin = fingerprint_of_key(key.public_key())
    answer = enrolments.enrol(request(token(enrolments), csr=signing_request(key)), NOW)
    later = NOW + timedelta(days=300)
    renewed = x509.load_pem_x509_certificate(enrolments.renew(pin, signing_request(key), later).encode())
    assert renewed.public_key() == key.public_key()
    assert renewed.not_valid_after_utc > later + timedelta(days=360)
    for fingerprint, asked in ((pin, other), (fingerprint_of_key(other.public_key()), other)):
        with pytest.raises(BadInput) as caught:
            enrolments.renew(fingerprint, signing_request(asked), later)
        assert caught.value.code == "agent.bad-request"
    enrolments.agents.revoke(answer.agent_id)
    with pytest.raises(BadInput):
        enrolments.renew(pin, signing_request(key), later)


def test_what_is_stored_of_a_token_is_not_enough_to_use_it(enrolments: Enrolments, home: StateFolder) -> None:
    text = token(enrolments)
    stored = home.database.read_bytes()
    assert read_token(text).secret.reveal().encode() not in stored
    assert text.encode() not in stored
    (known,) = enrolments.tokens.list()
    assert known.secret_hash.hex() not in repr(known)


def test_a_lost_authority_is_not_replaced_while_anybody_trusts_it(
    enrolments: Enrolments, home: StateFolder
) -> None:
    text = token(enrolments)
    answer = enrolments.enrol(request(text), NOW)
    for path in home.keys.glob("agents-ca.*"):
        path.unlink()
    with pytest.raises(Refused) as caught:
        token(enrolments)
    assert caught.value.code == "agent.authority-lost"
    assert list(home.keys.glob("agents-ca.*")) == []
    enrolments.agents.revoke(answer.agent_id)
    token(enrolments)


def test_a_token_that_is_still_good_keeps_a_lost_authority_from_being_replaced(
    enrolments: Enrolments, home: StateFolder
) -> None:
    text = token(enrolments)
    for path in home.keys.glob("agents-ca.*"):
        path.unlink()
    with pytest.raises(Refused) as caught:
        enrolments.enrol(request(text), NOW)
    assert caught.value.code == "agent.authority-lost"
    assert enrolments.agents.list() == []
    enrolments.tokens.revoke(read_token(text).token_id, NOW)
    token(enrolments)


def test_a_token_needs_a_hub_that_is_known(enrolments: Enrolments) -> None:
    for url in (None, "http://hub.corp:7443", "https://hub.corp"):
        with pytest.raises(BadInput) as caught:
            token(enrolments, hub_url=url)
        assert caught.value.code == "agent.hub-unnamed"
    assert everything(enrolments) == []
    assert read_token(token(enrolments)).hub_url == HUB
    assert read_token(token(enrolments, hub_url=None)).hub_url == HUB
    token(enrolments, hub_url="https://10.0.0.1:7443")
    assert enrolments.authority(NOW).hub_names() == ["10.0.0.1", "hub.corp"]


@pytest.mark.parametrize("rule", ["", "a b", "[a-z]*", "ex?.corp", "x" * 254, "ü*"])
def test_a_rule_that_is_none_is_refused(enrolments: Enrolments, rule: str) -> None:
    with pytest.raises(BadInput) as caught:
        token(enrolments, host_rule=rule)
    assert caught.value.code == "input.bad-name"
    assert everything(enrolments) == []


@pytest.mark.parametrize(
    "options", [{"uses": 0}, {"uses": 1001}, {"life": timedelta(0)}, {"life": timedelta(days=30, seconds=1)}]
)
def test_no_token_is_for_ever_or_for_everybody(enrolments: Enrolments, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="out of the range"):
        token(enrolments, **options)


def test_a_company_s_own_certificates_go_into_the_token(enrolments: Enrolments, tmp_path: Path) -> None:
    other = StateFolder(tmp_path / "other")
    other.prepare()
    company = Enrolments(other, Database(other.database)).authority(NOW)
    text = token(enrolments, ca_file=company.ca_file)
    assert read_token(text).ca == company.ca_file.read_text()
    assert enrolments.authority(NOW).hub_names() == []  # the company makes the hub's certificate


def test_when_an_agent_was_seen_is_noted(enrolments: Enrolments) -> None:
    answer = enrolments.enrol(request(token(enrolments)), NOW)
    enrolments.seen(answer.agent_id, "1.1", NOW + SECOND)
    enrolments.seen("nobody", "1.1", NOW)
    known = enrolments.agents.get(answer.agent_id)
    assert (known.version, known.last_seen) == ("1.1", NOW + SECOND)
    enrolments.seen(answer.agent_id, "\x1b[2J", NOW + SECOND)
    assert enrolments.agents.get(answer.agent_id).version == "unknown"


def test_errors_of_an_enrolment_never_show_its_secret(enrolments: Enrolments) -> None:
    text = token(enrolments)
    enrolments.enrol(request(text), NOW)
    with pytest.raises(OrchestratorError) as caught:
        enrolments.enrol(request(text), NOW)
    said = f"{caught.value!r}{caught.value}{caught.value.__notes__}{caught.value.__context__}"
    assert text not in said
    assert read_token(text).secret.reveal() not in said
