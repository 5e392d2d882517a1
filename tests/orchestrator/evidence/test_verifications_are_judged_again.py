from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import EvidenceError
from orchestrator.evidence import EvidenceChain, Outcome, Proof, SigningKey, Verification, read_record
from orchestrator.evidence.canonical import sha256_hex
from orchestrator.evidence.records import CloneRead
from orchestrator.evidence.text import text_of
from orchestrator.model.verification import (
    ContentFinding,
    Place,
    Severity,
    Verdict,
    VerifiedComponent,
)
from tests.orchestrator.evidence.sample_records import MADE_AT, ORIGIN, answer_to, lab_key, sound_proof

BAD_PAGE = ContentFinding(
    "verify.contents-failed", Severity.ERROR, Place("DB01.edb", "page", 12, 53_248), "It is bad.", -1018
)
REMARK = replace(BAD_PAGE, severity=Severity.WARNING)
GOOD = VerifiedComponent("DB01", "ese", Verdict.RECOVERABLE, ("DB01.edb",), 1 << 20, (REMARK,))
BAD = replace(GOOD, verdict=Verdict.DAMAGED, findings=(BAD_PAGE,))


@pytest.fixture
def chain(tmp_path: Path) -> EvidenceChain:
    chain = EvidenceChain(tmp_path / "nightly")
    chain.append(lab_key(tmp_path / "keys"), ORIGIN, sound_proof(), MADE_AT)
    return chain


@pytest.fixture
def own_key(tmp_path: Path, chain: EvidenceChain) -> SigningKey:
    return lab_key(tmp_path / "keys")


def verification_of(chain: EvidenceChain, *components: VerifiedComponent, **changes: Any) -> Verification:
    data = chain.files()[0].read_bytes()
    proof = read_record(data).claim
    assert isinstance(proof, Proof)
    sound = Verification(
        proof=sha256_hex(data),
        replicas=proof.replicas,
        clones=tuple(
            CloneRead(each.array_id, f"clone-of-{each.replica_id}", each.replica_id)
            for each in proof.replicas
        ),
        verdict=Verdict.worst([each.verdict for each in components]),
        components=components,
        started_at=MADE_AT,
        ended_at=MADE_AT + timedelta(seconds=20),
    )
    return replace(sound, **changes)


@pytest.mark.parametrize("component", [GOOD, BAD, replace(BAD, verdict=Verdict.NOT_VERIFIABLE)])
def test_what_was_found_is_signed_and_read_back(
    chain: EvidenceChain, own_key: SigningKey, component: VerifiedComponent
) -> None:
    claim = verification_of(chain, component)
    path = chain.append(own_key, ORIGIN, claim, MADE_AT)
    assert path.name == "000002-verification.json"
    assert chain.verify(own_key.public).records[1].record.claim == claim
    text = text_of(read_record(path.read_bytes()))
    assert f"DB01: {component.verdict} by ese, 1,048,576 bytes read" in text
    assert "page 12 (byte 53,248): It is bad." in text


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("names no proof", {"proof": "x"}),
        ("other replicas", {"clones": ()}),
        ("other replicas", {"clones": (CloneRead("array-logs", "clone", "another"),)}),
        ("before it started", {"ended_at": MADE_AT - timedelta(seconds=1)}),
        ("no component", {"components": (), "verdict": Verdict.NOT_VERIFIABLE}),
        ("worst component", {"verdict": Verdict.CLEAN}),
        ("worst component", {"components": (GOOD, BAD), "verdict": Verdict.RECOVERABLE}),
        ("contradict", {"components": (replace(BAD, verdict=Verdict.RECOVERABLE),)}),
        ("contradict", {"components": (replace(GOOD, verdict=Verdict.DAMAGED),), "verdict": Verdict.DAMAGED}),
        ("by nobody", {"components": (replace(GOOD, verifier=""),)}),
        (
            "by nobody",
            {"components": (replace(GOOD, verdict=Verdict.NO_VERIFIER),), "verdict": Verdict.NO_VERIFIER},
        ),
    ],
)
def test_a_verdict_has_to_follow_from_what_was_found(
    chain: EvidenceChain, own_key: SigningKey, words: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(EvidenceError, match=words) as caught:
        chain.append(own_key, ORIGIN, verification_of(chain, GOOD, **changes), MADE_AT)
    assert caught.value.code == "evidence.claim-not-supported"


def test_a_verification_is_about_a_proof_of_the_same_run(chain: EvidenceChain, own_key: SigningKey) -> None:
    chain.append(own_key, replace(ORIGIN, run_id="run0000009"), verification_of(chain, GOOD), MADE_AT)
    with pytest.raises(EvidenceError, match="another set"):
        chain.verify(own_key.public)


def test_a_verification_of_nothing_breaks_the_chain(chain: EvidenceChain, own_key: SigningKey) -> None:
    chain.append(own_key, ORIGIN, verification_of(chain, GOOD, proof="0" * 64), MADE_AT)
    with pytest.raises(EvidenceError, match="not in the chain"):
        chain.verify(own_key.public)


@pytest.mark.parametrize("before", [(), (BAD,), (GOOD,)])
@pytest.mark.parametrize("backup_type", ["copy", "full"])
@pytest.mark.parametrize("told", Outcome)
def test_logs_are_let_go_only_after_a_verification_that_passed(
    chain: EvidenceChain,
    own_key: SigningKey,
    before: tuple[VerifiedComponent, ...],
    backup_type: str,
    told: Outcome,
) -> None:
    for component in before:
        chain.append(own_key, ORIGIN, verification_of(chain, component), MADE_AT)
    answer = replace(answer_to(chain.files()[0]), backup_type=backup_type, told=told)
    chain.append(own_key, ORIGIN, answer, MADE_AT)
    if backup_type == "full" and told is Outcome.SUCCEEDED and before != (GOOD,):
        with pytest.raises(EvidenceError, match="truncate their logs before"):
            chain.verify(own_key.public)
    else:
        chain.verify(own_key.public)
