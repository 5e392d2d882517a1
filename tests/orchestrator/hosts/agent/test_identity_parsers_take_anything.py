"""What comes from outside, broken in thousands of ways: refused with its code, or read, and no more."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import BadInput
from orchestrator.hosts.agent.identity_certificates import Issuer, new_key
from orchestrator.hosts.agent.identity_request import requested_key, signing_request
from orchestrator.hosts.agent.identity_token import PREFIX, EnrolmentToken, new_secret, read_token
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.hosts.agent.identities import NOW

pytestmark = pytest.mark.many

_CA = Issuer.make(new_key(), "Quiesce agents of abc234", NOW).certificate.public_bytes(Encoding.PEM).decode()
_TEXT = EnrolmentToken("https://hub.corp:7443", "abcdefghij", new_secret(), _CA).text()
_CODE = _TEXT.removeprefix(PREFIX)
_PLAIN = base64.urlsafe_b64decode(_CODE + "=" * (-len(_CODE) % 4))
_REQUEST = signing_request(new_key()).encode()


@fuzzed
@given(damaged(_PLAIN))
def test_tokens_beneath_their_code(data: bytes) -> None:
    with suppress(BadInput):
        read_token(PREFIX + base64.urlsafe_b64encode(data).decode().rstrip("="))


@fuzzed
@given(damaged(base64.b64decode(b"".join(_REQUEST.splitlines()[1:-1]))))
def test_signing_requests_beneath_their_code(data: bytes) -> None:
    pem = (
        b"-----BEGIN CERTIFICATE REQUEST-----\n"
        + base64.encodebytes(data)
        + b"-----END CERTIFICATE REQUEST-----\n"
    )
    with suppress(BadInput):
        requested_key(pem.decode())


@fuzzed
@given(st.text(max_size=200))
def test_any_text_at_all(text: str) -> None:
    for parse in (read_token, requested_key):
        with pytest.raises(BadInput):
            parse(text)
