"""Facts changed by whoever holds the key: the signature is good, and R1 says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import EvidenceError
from orchestrator.evidence import (
    Claim,
    EvidenceChain,
    Proof,
    PublicKey,
    Record,
    SigningKey,
    signing_key,
    verify_record,
)
from orchestrator.evidence.records import NO_PREVIOUS, Ceiling, Link, replicas_of
from orchestrator.model.budgets import Budgets
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.hosts import HoldEnd, WriterState
from orchestrator.policy.reasons import Finding
from tests.facts import ours, sound_facts, the_hosts, with_cut
from tests.orchestrator.evidence.conftest import Files
from tests.orchestrator.evidence.sample_records import (
    MADE_AT,
    ORIGIN,
    forge,
    forge_claim,
    sound_proof,
)
from tests.orchestrator.policy.spoil import (
    Spoil,
    both,
    cut_later_by,
    cut_with,
    facts_with,
    frozen_writer_with,
    member_with,
    release_with,
    writer_after_with,
)

TIMES: dict[str, tuple[str, Spoil]] = {
    "a: a cut asked for before the writers were frozen": (
        "proof.writer-not-frozen",
        cut_with(asked_at=ours(0.5)),
    ),
    "a: a writer that had not frozen": (
        "proof.writer-not-frozen",
        frozen_writer_with(state=WriterState.STABLE),
    ),
    "b: a cut acknowledged after release": (
        "proof.cut-not-acknowledged",
        cut_with(acknowledged_at=ours(1.2)),
    ),
    "b: release sent before the cuts": ("proof.cut-not-acknowledged", facts_with(release_sent=ours(0.9))),
    "b: no answer of the array's own": ("proof.cut-not-acknowledged", cut_with(acknowledged_at=None)),
    "c: the host let go by itself": ("proof.hold-not-ours", release_with(hold_ended_by=HoldEnd.HOLD_LIMIT)),
    "c: held for too long": (
        "proof.window-over-budget",
        both(
            release_with(released_at=the_hosts(9.0), hold_s=8.3, thawed_at=the_hosts(9.1), frozen_s=8.8),
            facts_with(release_seen=ours(9.2)),
        ),
    ),
    "c: the host's clocks disagree": ("proof.clocks-disagree", release_with(hold_s=2.0)),
    "c: freeze and thaw change places": (
        "proof.facts-impossible",
        release_with(released_at=the_hosts(0.2), thawed_at=the_hosts(0.1)),
    ),
    "c: our own clock runs backwards": ("proof.facts-impossible", facts_with(release_seen=ours(0.1))),
    "d: the set was never finished": ("proof.set-not-finished", release_with(set_status=0)),
    "e: a writer restarted": ("proof.writer-lost", writer_after_with(session_id="session-2")),
    "e: a component failed": ("proof.writer-lost", writer_after_with(component_failures=("DB01",))),
    "f: a partial member": ("proof.members-differ", member_with(partial=True)),
    "f: a member of another array volume": (
        "proof.members-differ",
        member_with(source_volume_id="foreign"),
    ),
    "f: a cut outside the frozen interval": ("proof.cut-time-contradicts", cut_later_by(3.0)),
    "g: the map changed": (
        "proof.map-changed",
        lambda facts: replace(facts, map_after=facts.map_before[:-1]),
    ),
    "budgets wider than ours": (
        "proof.facts-impossible",
        facts_with(budgets=Budgets(hold_s=60.0, freeze_s=120.0)),
    ),
}


def claim_is_refused(data: bytes, *keys: PublicKey) -> str:
    """Return what the error says when a record's claim does not follow from its facts."""
    with pytest.raises(EvidenceError) as caught:
        verify_record(data, keys)
    assert caught.value.code == "evidence.claim-not-supported"
    return caught.value.what


@pytest.mark.parametrize(("code", "spoil"), TIMES.values(), ids=TIMES.keys())
def test_facts_that_break_r1_fail_although_signed_by_the_right_key(
    proof: bytes, key: SigningKey, code: str, spoil: Spoil
) -> None:
    facts = spoil(sound_facts())
    forged = forge_claim(proof, key, facts=facts, replicas=replicas_of(facts), findings=())
    assert code in claim_is_refused(forged, key.public)


@pytest.mark.parametrize(("code", "spoil"), TIMES.values(), ids=TIMES.keys())
def test_a_run_cannot_sign_such_a_proof(tmp_path: Path, key: SigningKey, code: str, spoil: Spoil) -> None:
    chain = EvidenceChain(tmp_path)
    with pytest.raises(EvidenceError, match=code):
        chain.append(key, ORIGIN, sound_proof(spoil(sound_facts())), MADE_AT)
    assert chain.files() == ()


def coarse(facts: WindowFacts) -> WindowFacts:
    """Return facts in which one array's clock knows whole seconds only."""
    return with_cut(facts, 1, replace(facts.cuts[1], precision_s=1.0))


def test_what_is_inconclusive_is_said_and_does_not_stand_against_the_set(
    proof: bytes, key: SigningKey
) -> None:
    honest = sound_proof(coarse(sound_facts()))
    data = forge(proof, key, lambda record: replace(record, claim=honest))
    claim = verify_record(data, [key.public]).record.claim
    assert isinstance(claim, Proof)
    assert [finding.code for finding in claim.findings] == ["proof.cut-time-inconclusive"]


def test_what_is_inconclusive_cannot_be_hushed_up(proof: bytes, key: SigningKey) -> None:
    forged = forge_claim(proof, key, facts=coarse(sound_facts()))
    assert "findings" in claim_is_refused(forged, key.public)


def test_findings_cannot_be_made_up(proof: bytes, key: SigningKey) -> None:
    finding = Finding("proof.cut-time-inconclusive", "array-logs-name", "made up", fatal=False)
    assert "findings" in claim_is_refused(forge_claim(proof, key, findings=(finding,)), key.public)


def test_a_finding_worded_otherwise_by_another_version_is_the_same_finding(
    proof: bytes, key: SigningKey
) -> None:
    claim = sound_proof(coarse(sound_facts()))
    older = replace(claim, findings=tuple(replace(each, text="in old words") for each in claim.findings))
    verify_record(forge(proof, key, lambda record: replace(record, claim=older)), [key.public])


def no_longer_emulated(record: Record[Claim]) -> Record[Claim]:
    return replace(record, origin=replace(record.origin, emulated=False))


def nothing_emulated(record: Record[Claim]) -> Record[Claim]:
    claim = record.claim
    assert isinstance(claim, Proof)
    arrays = tuple(replace(array, emulated=False) for array in claim.arrays)
    real = replace(claim, arrays=arrays, host=replace(claim.host, emulated=False))
    return no_longer_emulated(replace(record, claim=real))


def claim_with(change: Callable[[Proof], Proof]) -> Callable[[Record[Claim]], Record[Claim]]:
    def changed(record: Record[Claim]) -> Record[Claim]:
        assert isinstance(record.claim, Proof)
        return replace(record, claim=change(record.claim))

    return changed


LOW = Ceiling("EXCH1", Grade.AGENT_QUIESCED)
FORGERIES: dict[str, tuple[str, Callable[[Record[Claim]], Record[Claim]]]] = {
    "the grade is above what the host can reach": (
        "out of reach of EXCH1",
        claim_with(lambda claim: replace(claim, ceilings=(LOW, *claim.ceilings[1:]))),
    ),
    "a ceiling is left out": (
        "ceilings",
        claim_with(lambda claim: replace(claim, ceilings=claim.ceilings[1:])),
    ),
    "the emulated flag is cleared": ("emulation", no_longer_emulated),
    "everything emulated is called real": ("the lab's key", nothing_emulated),
    "a replica more": (
        "replicas",
        claim_with(
            lambda claim: replace(
                claim, replicas=(*claim.replicas, replace(claim.replicas[0], replica_id="other"))
            )
        ),
    ),
    "a replica less": ("replicas", claim_with(lambda claim: replace(claim, replicas=claim.replicas[1:]))),
    "a replica exchanged": (
        "replicas",
        claim_with(
            lambda claim: replace(
                claim, replicas=(replace(claim.replicas[0], replica_id="other"), *claim.replicas[1:])
            )
        ),
    ),
    "replicas in another order": (
        "replicas",
        claim_with(lambda claim: replace(claim, replicas=claim.replicas[::-1])),
    ),
    "an array exchanged": ("arrays", claim_with(lambda claim: replace(claim, arrays=claim.arrays[::-1]))),
    "attempt zero": (
        "from 1",
        lambda record: replace(record, origin=replace(record.origin, attempt=0)),
    ),
    "record zero": ("from 1", lambda record: replace(record, link=replace(record.link, sequence=0))),
    "a first record with one before it": (
        "first record",
        lambda record: replace(record, link=replace(record.link, previous="1" * 64)),
    ),
    "a later record with none before it": (
        "first record",
        lambda record: replace(record, link=replace(record.link, sequence=2)),
    ),
    "a digest that is none": (
        "before it",
        lambda record: replace(record, link=replace(record.link, sequence=2, previous="F" * 64)),
    ),
}


@pytest.mark.parametrize(("words", "change"), FORGERIES.values(), ids=FORGERIES.keys())
def test_what_a_proof_says_beside_its_facts_must_follow_from_them(
    proof: bytes, key: SigningKey, words: str, change: Callable[[Record[Claim]], Record[Claim]]
) -> None:
    assert words in claim_is_refused(forge(proof, key, change), key.public)


def test_a_lower_grade_is_only_modest(proof: bytes, key: SigningKey) -> None:
    modest = claim_with(
        lambda claim: replace(claim, grade=Grade.AGENT_QUIESCED, ceilings=(LOW, *claim.ceilings[1:]))
    )
    verify_record(forge(proof, key, modest), [key.public])


@pytest.mark.parametrize("status", [RunStatus.COMPLETED, RunStatus.REFUSED, RunStatus.FAILED_VERIFICATION])
def test_an_abort_has_no_other_status(night: Files, key: SigningKey, status: RunStatus) -> None:
    assert status in claim_is_refused(forge_claim(night[3][1], key, status=status), key.public)


def test_a_run_with_something_in_doubt_is_not_called_aborted(night: Files, key: SigningKey) -> None:
    doubt = ("array-logs-name: not reachable",)
    assert "not aborted" in claim_is_refused(forge_claim(night[3][1], key, in_doubt=doubt), key.public)
    verify_record(forge_claim(night[3][1], key, in_doubt=doubt, status=RunStatus.IN_DOUBT), [key.public])


def test_a_refusal_without_reason_is_none(night: Files, key: SigningKey) -> None:
    assert "reason" in claim_is_refused(forge_claim(night[2][1], key, reasons=()), key.public)


@pytest.mark.parametrize("changes", [{"proof": ""}, {"proof": "A" * 64}, {"replicas": ()}])
def test_an_answer_is_about_a_proven_set(night: Files, key: SigningKey, changes: dict[str, object]) -> None:
    assert "no proven set" in claim_is_refused(forge_claim(night[1][1], key, **changes), key.public)


def test_a_real_run_is_signed_with_the_installations_own_key(tmp_path: Path) -> None:
    own = signing_key(tmp_path, emulated=False)
    chain = EvidenceChain(tmp_path / "nightly")
    real = nothing_emulated(Record(ORIGIN, Link(1, NO_PREVIOUS, MADE_AT, "0.1.0"), sound_proof()))
    chain.append(own, real.origin, real.claim, MADE_AT)
    (verified,) = chain.verify(own.public).records
    assert not verified.record.origin.emulated
    assert verified.key_id == own.public.key_id
