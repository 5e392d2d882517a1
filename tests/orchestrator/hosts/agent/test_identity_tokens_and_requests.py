from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.errors import BadInput
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import new_key
from orchestrator.hosts.agent.identity_request import REQUEST_LIMIT, requested_key, signing_request
from orchestrator.hosts.agent.identity_token import (
    CA_LIMIT,
    PREFIX,
    TOKEN_LIMIT,
    URL_LIMIT,
    EnrolmentToken,
    checked_hub_url,
    new_secret,
    read_ca_file,
    read_token,
    salted_hash,
    secret_fits,
)
from orchestrator.plugin import Secret
from tests.orchestrator.hosts.agent.identities import NOW, token_of


@pytest.fixture
def authority(tmp_path: Path) -> AgentAuthority:
    return AgentAuthority.load_or_make(tmp_path / "keys", "abc234", NOW)


def unreadable(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_token(text)
    assert caught.value.code == "agent.token-unreadable"
    assert text[5:] not in f"{caught.value!r} {caught.value} {caught.value.__notes__}" or len(text) < 20
    assert caught.value.__context__ is None  # whose text would quote it


def test_a_token_says_on_the_host_what_it_said_at_the_hub(authority: AgentAuthority) -> None:
    token = token_of(authority)
    read = read_token(f"  {token.text()}\n")
    assert (read.hub_url, read.token_id, read.ca) == (token.hub_url, token.token_id, token.ca)
    assert read.secret.reveal() == token.secret.reveal()
    assert token.secret.reveal() not in repr(token)
    assert len(token.text()) < 1200  # one line to paste


def test_a_token_that_was_cut_short_is_not_tried(authority: AgentAuthority) -> None:
    text = token_of(authority).text()
    for length in [*range(12), *range(12, len(text), 17), *range(len(text) - 12, len(text))]:
        unreadable(text[:length])


def test_a_token_that_was_changed_on_the_way_is_not_tried(authority: AgentAuthority) -> None:
    text = token_of(authority).text()
    for other in (text.removeprefix(PREFIX), f"{text[:100]} {text[100:]}", f"{text[:100]}\n{text[100:]}"):
        unreadable(other)
    unreadable(replace(token_of(authority), ca=token_of(authority).ca * 10).text())


def test_the_largest_token_is_below_its_limit(authority: AgentAuthority) -> None:
    url = f"https://{'h' * (URL_LIMIT - 13)}:7443"
    token = EnrolmentToken(checked_hub_url(url), "abcdefghij", new_secret(), "x" * CA_LIMIT)
    assert len(token.text()) <= TOKEN_LIMIT
    with pytest.raises(BadInput):
        checked_hub_url(url.replace("hh", "hhh", 1))


@pytest.mark.parametrize(
    "text",
    ["", "qet1.", "qet2.AAAA", "qet1.====", "qet1.é", "qet1.AA AA", "qet1." + "A" * TOKEN_LIMIT, "qet1.W10K"],
)
def test_what_is_no_token_is_said_to_be_none(text: str) -> None:
    unreadable(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"https://hub.corp:7443", b"http://hub.corp:7443"),
        (b"https://hub.corp:7443", b"https://u:p@hub.corp:1"),
        (b"abcdefghij", b"ABCDEFGHIJ"),
        (b"abcdefghij", b"../../etc/"),
        (b'"u":', b'"x":1,"u":'),
        (b'"i":"abcdefghij",', b""),
        (b"BEGIN CERTIFICATE", b"BEGIN SOMETHING"),
    ],
)
def test_a_token_with_a_part_that_does_not_fit_is_refused(
    authority: AgentAuthority, old: bytes, new: bytes
) -> None:
    code = token_of(authority).text().removeprefix(PREFIX)
    plain = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    assert old in plain
    unreadable(PREFIX + base64.urlsafe_b64encode(plain.replace(old, new)).decode().rstrip("="))


@pytest.mark.parametrize("url", ["https://hub.corp:7443", "https://[::1]:7443", "https://10.0.0.1:1/"])
def test_the_address_of_a_hub_is_taken(url: str) -> None:
    assert checked_hub_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        *("", "hub.corp", "https://hub.corp", "https://:7443", "https://hub.corp:x", "https://hub.corp:0"),
        *("http://hub.corp:1", "https://a@hub.corp:1", "https://hub.corp:1/x", "https://hub.corp:1?x"),
        *("https://hub.corp:1#x", "https://hub\n.corp:1", "https://hüb.corp:1", "https://hub corp:1"),
        *("https://hub.corp:99999", "https://[::1:7443"),
    ],
)
def test_what_is_no_address_of_a_hub_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        checked_hub_url(url)
    assert caught.value.code == "agent.hub-unnamed"


def test_only_the_secret_itself_fits_its_hash() -> None:
    secret, other, salt = new_secret(), new_secret(), b"s" * 16
    stored = salted_hash(secret, salt)
    assert secret_fits(secret, salt, stored)
    assert not secret_fits(other, salt, stored)
    assert not secret_fits(secret, b"t" * 16, stored)
    assert not secret_fits(Secret(secret.reveal()[:-1]), salt, stored)
    assert secret.reveal().encode() not in stored


def test_the_certificates_of_a_company_are_taken_and_nothing_beside_them(
    authority: AgentAuthority, tmp_path: Path
) -> None:
    both = tmp_path / "company.pem"
    key = (authority.folder / "agents-ca.key").read_bytes()
    both.write_bytes(key + authority.ca_file.read_bytes())
    ca = read_ca_file(both)
    assert "PRIVATE" not in ca
    assert read_token(EnrolmentToken("https://h:1", "abcdefghij", new_secret(), ca * 2).text()).ca == ca * 2


def test_certificates_that_no_token_has_room_for_are_refused(
    authority: AgentAuthority, tmp_path: Path
) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(authority.ca_file.read_bytes() * 10)
    with pytest.raises(BadInput, match="keep the root alone"):
        read_ca_file(chain)


@pytest.mark.parametrize("content", [b"", b"words", b"A" * (10 * CA_LIMIT + 1)])
def test_a_file_without_certificates_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "company.pem"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_ca_file(path)
    assert (caught.value.code, caught.value.subject) == ("agent.key-unusable", str(path))


@pytest.mark.parametrize(
    "make",
    [
        new_key,
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: rsa.generate_private_key(65537, 2048),
    ],
)
def test_the_key_of_a_request_is_the_one_that_signed_it(make: object) -> None:
    key = make()  # type: ignore[operator] # three functions of three types
    assert requested_key(signing_request(key)) == key.public_key()


def request_by(key: object) -> str:
    algorithm = None if isinstance(key, Ed25519PrivateKey) else hashes.SHA256()
    draft = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return draft.sign(key, algorithm).public_bytes(Encoding.PEM).decode()  # type: ignore[arg-type] # any key


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: Ed25519PrivateKey.generate(), "another kind"),
        (lambda: rsa.generate_private_key(65537, 1024), "strength"),  # noqa: S505 - so weak on purpose
        (lambda: ec.generate_private_key(ec.SECP192R1()), "strength"),
    ],
)
def test_keys_that_are_too_weak_or_unknown_are_not_taken(make: object, what: str) -> None:
    with pytest.raises(BadInput, match=what) as caught:
        requested_key(request_by(make()))  # type: ignore[operator] # as above
    assert caught.value.code == "agent.bad-request"


def test_versions_that_nobody_knows_are_refused_like_anything_else(authority: AgentAuthority) -> None:
    request = x509.load_pem_x509_csr(signing_request(new_key()).encode()).public_bytes(Encoding.DER)
    frame = "-----{} CERTIFICATE REQUEST-----\n"
    body = base64.encodebytes(request.replace(b"\x02\x01\x00", b"\x02\x01\x01", 1)).decode()
    with pytest.raises(BadInput, match="cannot be read"):
        requested_key(frame.format("BEGIN") + body + frame.format("END"))
    certificate = authority.certificate.public_bytes(Encoding.DER)
    body = base64.encodebytes(certificate.replace(b"\x02\x01\x02", b"\x02\x01\x07", 1)).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    unreadable(replace(token_of(authority), ca=pem).text())


def test_a_request_that_another_key_signed_is_not_taken() -> None:
    der = bytearray(x509.load_pem_x509_csr(signing_request(new_key()).encode()).public_bytes(Encoding.DER))
    der[-1] ^= 1
    frame = "-----{} CERTIFICATE REQUEST-----\n"
    pem = frame.format("BEGIN") + base64.encodebytes(der).decode() + frame.format("END")
    with pytest.raises(BadInput, match="not signed by its own key"):
        requested_key(pem)


@pytest.mark.parametrize("pem", ["", "words", "é", "-----BEGIN CERTIFICATE-----", "long"])
def test_what_is_no_request_is_said_to_be_none(pem: str) -> None:
    pem = pem if pem != "long" else signing_request(new_key()) + "\n" * REQUEST_LIMIT
    with pytest.raises(BadInput) as caught:
        requested_key(pem)
    assert caught.value.code == "agent.bad-request"
