"""A record has one spelling. Anything else fails, even when it means the same and is signed again."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from orchestrator.errors import EvidenceError
from orchestrator.evidence import SigningKey, verify_record
from orchestrator.evidence.canonical import MAX_BYTES, canonical
from tests.orchestrator.evidence.conftest import Files
from tests.orchestrator.evidence.sample_records import payload_of, sign_payload

pytestmark = pytest.mark.many


def code_of(data: bytes, *keys: SigningKey) -> str:
    """Return the code of the error that a file must raise."""
    with pytest.raises(EvidenceError) as caught:
        verify_record(data, [key.public for key in keys])
    return caught.value.code


def test_every_single_bit_of_a_record_counts(night: Files, key: SigningKey) -> None:
    refusal = night[2][1]
    for position in range(len(refusal)):
        for bit in range(8):
            changed = bytearray(refusal)
            changed[position] ^= 1 << bit
            code_of(bytes(changed), key)


def test_a_bit_flipped_anywhere_in_a_proof_is_seen(proof: bytes, key: SigningKey) -> None:
    random = Random(20260301)  # noqa: S311 - repeatable, not secret
    for position in range(0, len(proof), 3):
        changed = bytearray(proof)
        changed[position] ^= 1 << random.randrange(8)
        code_of(bytes(changed), key)


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_every_single_bit_of_a_proof_counts(proof: bytes, key: SigningKey) -> None:
    for position in range(len(proof)):
        for bit in range(8):
            changed = bytearray(proof)
            changed[position] ^= 1 << bit
            code_of(bytes(changed), key)


@pytest.mark.parametrize("end", range(1, 200, 7))
def test_a_truncated_file_is_malformed(proof: bytes, key: SigningKey, end: int) -> None:
    assert code_of(proof[:-end], key) == "evidence.malformed"


def with_stray_bits(data: bytes) -> bytes:
    """Return a file whose signature's last base64 character carries bits that decode to nothing."""
    last = data.index(b'=="}') - 1
    return data[:last] + bytes([data[last] + 1]) + data[last + 1 :]


ENVELOPES: dict[str, Callable[[bytes], bytes]] = {
    "no newline at the end": lambda data: data.removesuffix(b"\n"),
    "two newlines": lambda data: data + b"\n",
    "a carriage return": lambda data: data.replace(b"\n", b"\r\n"),
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "a space": lambda data: data.replace(b":", b": ", 1),
    "an escape": lambda data: data.replace(b'"payloadType"', b'"\\u0070ayloadType"'),
    "base64 without padding": lambda data: data.replace(b'=="}', b'"}'),
    "base64 with a line break": lambda data: data.replace(b'"payload":"', b'"payload":"\\n'),
    "base64 with stray bits": with_stray_bits,
    "base64 of the web": lambda data: data.replace(b"+", b"-").replace(b'"sig":"', b'"sig":"-'),
    "another payload type": lambda data: data.replace(b"vnd.in-toto", b"vnd.in-t0to"),
    "a key twice": lambda data: data.replace(b'{"payload":', b'{"payload":"","payload":', 1),
    "a key more": lambda data: data.replace(b'{"payload":', b'{"a":1,"payload":', 1),
    "two signatures": lambda data: data.replace(b"}]}", b"},{}]}"),
    "no signature": lambda data: data[: data.index(b"[") + 1] + b"]}\n",
    "signatures of another kind": lambda data: data[: data.index(b"[")] + b'{"keyid":1,"sig":2}}\n',
    "a signature that is a number": lambda data: data[: data.index(b'"sig":')] + b'"sig":1}]}\n',
    "a list": lambda data: b"[]\n",
    "a number": lambda data: b"1\n",
    "nothing": lambda data: b"",
    "no text": lambda data: bytes(range(256)),
    "nesting without end": lambda data: b"[" * 1_000_000,
    "objects nested without end": lambda data: b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "a number of many digits": lambda data: b'{"payload":' + b"9" * 10_000 + b"}\n",
    "more than a record can be": lambda data: b" " * (MAX_BYTES + 2),
}


@pytest.mark.parametrize("change", ENVELOPES.values(), ids=ENVELOPES.keys())
def test_an_envelope_spelled_otherwise_is_malformed(
    proof: bytes, key: SigningKey, change: Callable[[bytes], bytes]
) -> None:
    assert change(proof) != proof
    assert code_of(change(proof), key) == "evidence.malformed"


def in_statement(path: str, value: Any) -> Callable[[bytes], bytes]:
    """Return a change that sets one place of a statement and leaves it spelled canonically."""

    def change(payload: bytes) -> bytes:
        statement = json.loads(payload)
        place, last = place_of(statement, path)
        place[last] = value
        return canonical(statement)

    return change


def without(path: str) -> Callable[[bytes], bytes]:
    """Return a change that leaves one field out."""

    def change(payload: bytes) -> bytes:
        statement = json.loads(payload)
        place, last = place_of(statement, path)
        del place[last]
        return canonical(statement)

    return change


def place_of(statement: Any, path: str) -> tuple[Any, str]:
    """Return the object that holds the last part of a path, and that part."""
    *parents, last = path.split("/")
    for part in parents:
        statement = statement[int(part)] if isinstance(statement, list) else statement[part]
    return statement, last


def in_payload(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Return a change of bytes."""
    return lambda payload: payload.replace(old, new, 1)


def in_other_order(payload: bytes) -> bytes:
    """Return the same statement with its keys in another order."""
    statement = json.loads(payload)
    return json.dumps(dict(reversed(statement.items())), separators=(",", ":")).encode()


PREDICATES = "urn:quiesce:evidence:"
STATEMENTS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a newline": ("malformed", lambda payload: payload + b"\n"),
    "spaces": ("malformed", lambda payload: json.dumps(json.loads(payload), sort_keys=True).encode()),
    "keys in another order": (
        "malformed",
        lambda payload: json.dumps(
            dict(reversed(json.loads(payload).items())), separators=(",", ":")
        ).encode(),
    ),
    "a key twice": ("malformed", in_payload(b'"job":', b'"job":"x","job":')),
    "raw UTF-8": ("malformed", in_payload(b'"nightly"', '"nächtlich"'.encode())),
    "not a number": ("malformed", in_payload(b'"hold_s":0.4', b'"hold_s":NaN')),
    "endless": ("malformed", in_payload(b'"hold_s":0.4', b'"hold_s":Infinity')),
    "larger than any number": (
        "malformed",
        in_payload(b'"hold_s":0.4', b'"hold_s":1e999'),
    ),
    "a number with a zero more": (
        "malformed",
        in_payload(b'"hold_s":0.4', b'"hold_s":0.40'),
    ),
    "a whole number of seconds": ("malformed", in_statement("predicate/claim/facts/release/hold_s", 1)),
    "a number in words": ("malformed", in_statement("predicate/claim/facts/release/hold_s", "0.4")),
    "a truth for a number": ("malformed", in_statement("predicate/origin/attempt", True)),
    "half a surrogate": ("malformed", in_statement("predicate/origin/job", "\ud800")),
    "a field more": ("malformed", in_statement("predicate/claim/verified", True)),
    "a field more, deep inside": ("malformed", in_statement("predicate/claim/facts/cuts/0/listed/0/x", 1)),
    "a field more in the statement": ("malformed", in_statement("predicateVersion", 1)),
    "a default left out": ("malformed", without("predicate/claim/facts/cuts/0/listed/0/partial")),
    "a field left out": ("malformed", without("predicate/claim/facts/release/hold_s")),
    "no predicate": ("malformed", without("predicate")),
    "a predicate that is a list": ("malformed", in_statement("predicate", [])),
    "another statement type": ("malformed", in_statement("_type", "https://in-toto.io/Statement/v0.1")),
    "a time with another offset": (
        "malformed",
        in_statement("predicate/link/made_at", "2026-03-01T03:31:07.250000+01:00"),
    ),
    "a time without offset": (
        "malformed",
        in_statement("predicate/link/made_at", "2026-03-01T02:31:07.250000"),
    ),
    "a time to the nanosecond": (
        "malformed",
        in_statement("predicate/link/made_at", "2026-03-01T02:31:07.250000001Z"),
    ),
    "a time as a number": ("malformed", in_statement("predicate/link/made_at", 1772332267.25)),
    "a grade that does not exist": ("malformed", in_statement("predicate/claim/grade", "crash-consistent")),
    "a finding that does not exist": (
        "malformed",
        in_statement(
            "predicate/claim/findings", [{"code": "x.y", "subject": "", "text": "", "fatal": False}]
        ),
    ),
    "a type that comes later": (
        "unknown-type",
        in_statement("predicateType", f"{PREDICATES}delivery:1"),
    ),
    "a version that comes later": (
        "unknown-type",
        in_statement("predicateType", f"{PREDICATES}proof:4"),
    ),
    "no type": ("unknown-type", without("predicateType")),
    "a type that is a list": ("unknown-type", in_statement("predicateType", [])),
    "another kind's type": ("malformed", in_statement("predicateType", f"{PREDICATES}aborted:3")),
    "a foreign subject": ("wrong-subject", in_statement("subject/0/digest/sha256", "0" * 64)),
    "a subject renamed": ("wrong-subject", in_statement("subject/0/name", "another")),
    "no subject": ("wrong-subject", in_statement("subject", [])),
}


@pytest.mark.parametrize(("code", "change"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_statement_that_is_not_ours_fails_although_its_signature_is_good(
    proof: bytes, key: SigningKey, code: str, change: Callable[[bytes], bytes]
) -> None:
    payload = change(payload_of(proof))
    assert payload != payload_of(proof)
    assert code_of(sign_payload(payload, key), key) == f"evidence.{code}"


def test_a_statement_signed_again_as_it_was_passes(proof: bytes, key: SigningKey) -> None:
    assert sign_payload(payload_of(proof), key) == proof


def test_a_payload_that_is_altered_without_the_key_has_a_bad_signature(proof: bytes, key: SigningKey) -> None:
    old = payload_of(proof)
    new = old.replace(b'"hold_s":0.4', b'"hold_s":0.5')
    assert code_of(proof.replace(b64encode(old), b64encode(new)), key) == "evidence.bad-signature"


def test_a_record_of_another_key_is_named_so(proof: bytes, key: SigningKey, other_key: SigningKey) -> None:
    assert code_of(proof, other_key) == "evidence.wrong-key"
    assert code_of(sign_payload(payload_of(proof), other_key), key) == "evidence.wrong-key"


def test_another_key_under_our_key_id_has_a_bad_signature(
    proof: bytes, key: SigningKey, other_key: SigningKey
) -> None:
    theirs = sign_payload(payload_of(proof), other_key)
    posing = theirs.replace(other_key.public.key_id.encode(), key.public.key_id.encode())
    assert code_of(posing, key) == "evidence.bad-signature"


def test_any_of_several_keys_may_have_signed(proof: bytes, key: SigningKey, other_key: SigningKey) -> None:
    assert verify_record(proof, [other_key.public, key.public]).key_id == key.public.key_id


def test_an_error_names_the_file(proof: bytes, key: SigningKey) -> None:
    with pytest.raises(EvidenceError) as caught:
        verify_record(proof[:-1], [key.public], "000001-proof.json")
    assert caught.value.subject == "000001-proof.json"
