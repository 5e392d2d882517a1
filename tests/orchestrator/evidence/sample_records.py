"""Records of a good night and of bad ones, made as a run makes them, and the means to forge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from orchestrator.evidence import (
    Aborted,
    ArrayObject,
    Claim,
    EvidenceChain,
    Origin,
    Outcome,
    Problem,
    Proof,
    Record,
    Refusal,
    Reply,
    SigningKey,
    WritersAnswer,
    proof_of,
    read_record,
    signing_key,
)
from orchestrator.evidence.canonical import sha256_hex
from orchestrator.evidence.chain import seal
from orchestrator.evidence.envelope import Envelope, read_envelope, signed_bytes, write_envelope
from orchestrator.model.arrays import ArrayIdentity, ObjectKind
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.hosts import HostIdentity
from tests.facts import sound_facts

MADE_AT: Final = datetime(2026, 3, 1, 2, 31, 7, 250_000, tzinfo=UTC)
ORIGIN: Final = Origin(
    job="nightly", run_id="run0000001", attempt=1, installation="lab001", host="EXCH1", emulated=True
)
HOST: Final = HostIdentity("host-1", "EXCH1.example.com", "Emulated Exchange", emulated=True)
ARRAYS: Final = tuple(
    ArrayIdentity(array_id, f"{array_id}-name", "FlashArray", "6.4.10", emulated=True)
    for array_id in ("array-databases", "array-logs")
)
CEILINGS: Final = dict.fromkeys(("EXCH1", "array-logs-name", "array-databases-name"), Grade.WRITER_VERIFIED)


def sound_proof(facts: WindowFacts | None = None) -> Proof:
    """Return what a run claims after a window in which everything went well."""
    return proof_of(
        facts or sound_facts(),
        grade=Grade.WRITER_VERIFIED,
        host=(ORIGIN.host, HOST),
        arrays=ARRAYS,
        ceilings=CEILINGS,
    )


def answer_to(proof_file: Path) -> WritersAnswer:
    """Return what a run claims once the writers have answered."""
    proof = read_record(proof_file.read_bytes()).claim
    assert isinstance(proof, Proof)
    digest = sha256_hex(proof_file.read_bytes())
    return WritersAnswer(digest, proof.replicas, "copy", Outcome.SUCCEEDED, Reply.ANSWERED)


def a_refusal() -> Refusal:
    """Return what a refused run claims."""
    return Refusal((Problem("host.busy", "another run holds this host", "EXCH1", "Wait."),))


def an_abort() -> Aborted:
    """Return what a run claims that gave up after its window."""
    made = ArrayObject("array-logs", "array-logs-name", ObjectKind.CUT, "cut-1", "qsc-lab001-run0000001-1")
    return Aborted(
        status=RunStatus.ABORTED,
        reason=Problem("window.expired", "the array answered too late", "array-logs-name", "Run again."),
        removed=(made,),
        void_pending=(),
        in_doubt=(),
        facts=sound_facts(),
    )


def good_night(folder: Path, key: SigningKey) -> tuple[Path, ...]:
    """Make a chain of five records: proof, answer of the writers, refusal, abort, another proof."""
    chain = EvidenceChain(folder)
    proof = chain.append(key, ORIGIN, sound_proof(), MADE_AT)
    chain.append(key, ORIGIN, answer_to(proof), MADE_AT)
    later: tuple[Claim, ...] = (a_refusal(), an_abort(), sound_proof())
    for number, claim in enumerate(later, 2):
        chain.append(key, replace(ORIGIN, run_id=f"run000000{number}"), claim, MADE_AT)
    return chain.files()


def lab_key(folder: Path) -> SigningKey:
    """Return the lab's key in a folder."""
    return signing_key(folder, emulated=True)


def forge(data: bytes, key: SigningKey, change: Callable[[Record[Claim]], Record[Claim]]) -> bytes:
    """Return a record's file with something changed, and signed again."""
    return seal(change(read_record(data)), key)


def forge_claim(data: bytes, key: SigningKey, **changes: Any) -> bytes:
    """Return a record's file with fields of its claim changed, and signed again."""
    return forge(data, key, lambda record: replace(record, claim=replace(record.claim, **changes)))


def payload_of(data: bytes) -> bytes:
    """Return the bytes of a record's statement."""
    return read_envelope(data).payload


def sign_payload(payload: bytes, key: SigningKey) -> bytes:
    """Return a file whose signature is good, whatever the payload."""
    return write_envelope(Envelope(payload, key.public.key_id, key.sign(signed_bytes(payload))))
