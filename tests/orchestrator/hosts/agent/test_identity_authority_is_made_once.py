from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from orchestrator.errors import BadInput, Refused
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import (
    AUTHORITY_LIFE,
    CLOCK_TOLERANCE,
    LIFE,
    RENEW_BEFORE,
    fingerprint_of,
    fingerprint_of_key,
    new_key,
    role_of,
)
from orchestrator.hosts.agent.identity_enrolling import hub_context
from orchestrator.hosts.agent.identity_files import read_certificate, read_key, write_key
from orchestrator.hosts.agent.identity_request import requested_key, signing_request
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.tls import client_context
from tests.orchestrator.hosts.agent.identities import NOW, agent_files, handshake, token_of

SECOND = timedelta(seconds=1)


def made(folder: Path, now: datetime = NOW) -> AgentAuthority:
    return AgentAuthority.load_or_make(folder, "abc234", now)


def der(path: Path) -> bytes:
    return read_certificate(path).public_bytes(Encoding.DER)


def refusal(folder: Path) -> str:
    with pytest.raises(BadInput) as caught:
        made(folder)
    assert caught.value.code == "agent.key-unusable"
    return caught.value.what


def test_it_is_made_at_first_use_and_found_again(tmp_path: Path) -> None:
    assert not AgentAuthority.exists(tmp_path)
    first = made(tmp_path / "keys")
    assert AgentAuthority.exists(tmp_path / "keys")
    assert made(tmp_path / "keys").certificate == first.certificate
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "keys").glob("agents-ca.*")} == {0o600}
    assert "_issuer" not in repr(first)


def test_several_first_users_get_the_same_authority(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: made(tmp_path), range(8)))
    assert len({fingerprint_of_key(each.certificate.public_key()) for each in found}) == 1
    assert len({each.certificate for each in found}) == 1


def test_a_lost_key_is_never_replaced(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "agents-ca.key").unlink()
    assert refusal(tmp_path) == "not a readable private key in PEM form"
    assert not (tmp_path / "agents-ca.key").exists()


def test_a_lost_certificate_is_made_again_so_that_every_agent_still_fits(tmp_path: Path) -> None:
    authority = made(tmp_path)
    agent = agent_files(tmp_path / "agent", authority, NOW)
    (tmp_path / "agents-ca.pem").unlink()
    again = made(tmp_path, NOW + timedelta(days=2))
    read_certificate(agent.certificate).verify_directly_issued_by(again.certificate)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    made(tmp_path)
    (tmp_path / "agents-ca.key").chmod(mode)
    assert "others" in refusal(tmp_path)


def test_a_key_that_is_a_link_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "elsewhere")
    made(tmp_path)
    (tmp_path / "agents-ca.key").unlink()
    (tmp_path / "agents-ca.key").symlink_to(tmp_path / "elsewhere" / "agents-ca.key")
    assert "not a readable" in refusal(tmp_path)


@pytest.mark.parametrize("ending", ["key", "pem"])
@pytest.mark.parametrize("content", [b"", b"secret words", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_damaged_files_are_refused_without_being_quoted(tmp_path: Path, content: bytes, ending: str) -> None:
    made(tmp_path)
    (tmp_path / f"agents-ca.{ending}").write_bytes(content)
    assert refusal(tmp_path).startswith("not a readable")


def test_a_key_of_another_authority_is_noticed(tmp_path: Path) -> None:
    made(tmp_path)
    write_key(tmp_path / "agents-ca.key", new_key())
    assert "another key" in refusal(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    made(tmp_path)
    other = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "agents-ca.key").write_bytes(other)
    assert refusal(tmp_path) == "not an EC or RSA key"


def test_it_ends_after_ten_years_to_the_second(tmp_path: Path) -> None:
    made(tmp_path)
    end = NOW + AUTHORITY_LIFE
    authority = made(tmp_path, end - SECOND)
    certificate = authority.admit(requested_key(signing_request(new_key())), "a", end - SECOND)
    assert x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc == end
    with pytest.raises(Refused) as caught:
        made(tmp_path, end)
    assert caught.value.code == "agent.authority-expired"


def test_the_hub_s_certificate_is_renewed_in_time_and_keeps_its_key(tmp_path: Path) -> None:
    authority = made(tmp_path)
    files = authority.hub_files(["hub.corp", "10.0.0.1"], NOW)
    first = der(files.certificate)
    due = NOW + LIFE - RENEW_BEFORE
    assert der(authority.hub_files([], due - SECOND).certificate) == first
    assert der(authority.hub_files([], due).certificate) != first
    assert fingerprint_of(der(files.certificate)) == fingerprint_of(first)
    assert authority.hub_names() == ["10.0.0.1", "hub.corp"]


def test_a_clock_that_was_set_back_has_the_certificate_made_again(tmp_path: Path) -> None:
    authority = made(tmp_path)
    first = der(authority.hub_files(["hub.corp"], NOW).certificate)
    assert der(authority.hub_files([], NOW - CLOCK_TOLERANCE).certificate) == first
    assert der(authority.hub_files([], NOW - CLOCK_TOLERANCE - SECOND).certificate) != first


def test_names_are_what_was_said_last(tmp_path: Path) -> None:
    authority = made(tmp_path)
    authority.hub_files(["Hub.Corp"], NOW)
    first = der(authority.hub_files(["hub.corp"], NOW).certificate)
    assert der(authority.hub_files(["hub.corp", "hub"], NOW).certificate) != first
    assert authority.hub_names() == ["hub", "hub.corp"]


def test_a_hub_without_a_name_is_refused_and_leaves_no_certificate(tmp_path: Path) -> None:
    authority = made(tmp_path)
    for names in ([], ["bücher.example"]):
        with pytest.raises(BadInput) as caught:
            authority.hub_files(names, NOW)
        assert caught.value.code == "agent.hub-unnamed"
    assert authority.hub_names() == []


def test_a_hub_certificate_of_another_authority_is_made_again(tmp_path: Path) -> None:
    other = made(tmp_path / "other")
    theirs = AgentAuthority.load_or_make(tmp_path / "third", "zzz777", NOW).hub_files(["hub.corp"], NOW)
    files = other.hub_files(["hub.corp"], NOW)
    for path in (files.certificate, files.key):
        path.write_bytes((tmp_path / "third" / path.name).read_bytes())
    assert der(theirs.certificate) == der(files.certificate)
    read_certificate(other.hub_files([], NOW).certificate).verify_directly_issued_by(other.certificate)


def test_a_certificate_says_what_it_is_for(tmp_path: Path) -> None:
    authority = made(tmp_path)
    assert role_of(der(authority.hub_files(["hub.corp"], NOW).certificate)) == "hub"
    assert role_of(der(authority.orchestrator_files(NOW).certificate)) == "orchestrator"
    assert role_of(der(agent_files(tmp_path / "agent", authority, NOW).certificate)) == "agent"
    assert role_of(authority.certificate.public_bytes(Encoding.DER)) is None
    for parse in (role_of, fingerprint_of):
        with pytest.raises(ValueError, match=r".+"):
            parse(b"no certificate")


def test_fingerprints_are_those_of_the_key_and_outlive_a_renewal(tmp_path: Path) -> None:
    authority = made(tmp_path)
    files = agent_files(tmp_path / "agent", authority, NOW)
    key = read_key(files.key)
    assert fingerprint_of(der(files.certificate)) == fingerprint_of_key(key.public_key())
    assert len(fingerprint_of(der(files.certificate))) == 64


# ---- who passes for the hub, in handshakes now: certificates of tests must be valid today


@pytest.fixture
def today() -> datetime:
    return datetime.now(UTC)


def test_an_agent_takes_its_hub_for_the_hub(tmp_path: Path, today: datetime) -> None:
    authority = made(tmp_path, today)
    handshake(authority.hub_files(["hub.corp"], today), hub_context(token_of(authority)), "hub.corp")


def test_the_hub_of_another_installation_is_not_taken_for_ours(tmp_path: Path, today: datetime) -> None:
    ours, theirs = made(tmp_path / "ours", today), made(tmp_path / "theirs", today)
    files = theirs.hub_files(["hub.corp"], today)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(files, hub_context(token_of(ours)), "hub.corp")


def test_a_hub_of_another_name_is_not_taken_for_ours(tmp_path: Path, today: datetime) -> None:
    authority = made(tmp_path, today)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(authority.hub_files(["hub.corp"], today), hub_context(token_of(authority)), "other.corp")


@pytest.mark.parametrize("name", ["hub.corp", "Quiesce agent aaaaaaaaaaaaaaaa", "127.0.0.1"])
def test_no_agent_passes_for_the_hub(tmp_path: Path, today: datetime, name: str) -> None:
    authority = made(tmp_path, today)
    agent = agent_files(tmp_path / "agent", authority, today)
    with pytest.raises((ssl.SSLCertVerificationError, ValueError)):
        handshake(agent, hub_context(token_of(authority)), name)


def test_an_agent_of_another_installation_is_not_let_in(tmp_path: Path, today: datetime) -> None:
    ours, theirs = made(tmp_path / "ours", today), made(tmp_path / "theirs", today)
    hub = ours.hub_files(["hub.corp"], today)
    for authority, fits in ((ours, True), (theirs, False)):
        client = hub_context(token_of(ours))
        files: TlsFiles = agent_files(tmp_path / f"agent-{fits}", authority, today)
        client.load_cert_chain(files.certificate, files.key)
        if fits:
            handshake(hub, client, "hub.corp", mutual=True)
        else:
            with pytest.raises(ssl.SSLError):
                handshake(hub, client, "hub.corp", mutual=True)


def test_a_lost_key_of_the_hub_has_its_certificate_made_again(tmp_path: Path, today: datetime) -> None:
    authority = made(tmp_path, today)
    authority.hub_files(["hub.corp"], today).key.unlink()
    handshake(authority.hub_files([], today), hub_context(token_of(authority)), "hub.corp")


def test_an_orchestrator_is_let_in_by_an_agent_that_listens(tmp_path: Path, today: datetime) -> None:
    authority = made(tmp_path, today)
    files = authority.orchestrator_files(today)
    client = client_context(files, by_name=False)
    handshake(agent_files(tmp_path / "agent", authority, today), client, "agent", mutual=True)


def test_a_certificate_has_an_end_and_is_not_taken_after_it(tmp_path: Path, today: datetime) -> None:
    long_ago = today - LIFE - timedelta(minutes=1)
    authority = made(tmp_path, long_ago)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(authority.hub_files(["hub.corp"], long_ago), hub_context(token_of(authority)), "hub.corp")
