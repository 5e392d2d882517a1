"""Records removed, moved, doubled or cut off, each of them genuine by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from orchestrator.errors import EvidenceError
from orchestrator.evidence import Claim, EvidenceChain, Record, SigningKey, read_record, verify_chain
from orchestrator.evidence.canonical import sha256_hex
from orchestrator.evidence.chain import seal
from tests.orchestrator.evidence.conftest import Files
from tests.orchestrator.evidence.sample_records import (
    MADE_AT,
    ORIGIN,
    an_abort,
    answer_to,
    forge,
    sound_proof,
)


def broken(files: Files, key: SigningKey, head: str | None = None) -> EvidenceError:
    """Return the error of a chain that must not verify."""
    with pytest.raises(EvidenceError) as caught:
        verify_chain(files, [key.public], head)
    return caught.value


def test_the_order_of_the_files_does_not_matter(night: Files, key: SigningKey) -> None:
    chains = [verify_chain(files, [key.public]) for files in permutations(night[:3])]
    assert len({tuple(each.name for each in chain.records) for chain in chains}) == 1


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_record_removed_from_the_middle_is_missed(night: Files, key: SigningKey, missing: int) -> None:
    error = broken(night[:missing] + night[missing + 1 :], key)
    assert error.code == "evidence.chain-broken"
    assert f"record {missing + 1} is missing" in error.what
    assert error.subject == night[missing + 1][0]


@pytest.mark.parametrize("twice", range(5))
def test_a_record_given_twice_is_refused(night: Files, key: SigningKey, twice: int) -> None:
    error = broken([*night, night[twice]], key)
    assert error.code == "evidence.chain-broken"
    assert "same number" in error.what


@pytest.mark.parametrize(("here", "there"), [(2, 3), (3, 2), (2, 4), (0, 4)])
def test_a_record_moved_to_anothers_place_is_seen(
    night: Files, key: SigningKey, here: int, there: int
) -> None:
    """Whoever moves a record must number it anew, and sign it again: the one after it still knows better."""
    files = list(night)
    for at, content in ((here, there), (there, here)):
        link = read_record(night[at][1]).link
        moved = seal(replace(read_record(night[content][1]), link=link), key)
        files[at] = (night[at][0], moved)
    assert broken(files, key).code == "evidence.chain-broken"


def test_a_record_rewritten_by_the_key_holder_breaks_the_one_after_it(night: Files, key: SigningKey) -> None:
    later = forge(
        night[2][1], key, lambda record: replace(record, link=replace(record.link, product_version="0.2.0"))
    )
    error = broken([*night[:2], (night[2][0], later), *night[3:]], key)
    assert (error.code, error.subject) == ("evidence.chain-broken", night[3][0])


def test_one_record_signed_by_another_key_fails_the_chain(
    night: Files, key: SigningKey, other_key: SigningKey
) -> None:
    theirs = forge(night[2][1], other_key, lambda record: record)
    assert broken([*night[:2], (night[2][0], theirs), *night[3:]], key).code == "evidence.wrong-key"


@pytest.mark.parametrize(
    "change",
    [
        lambda record: replace(record, origin=replace(record.origin, job="weekly")),
        lambda record: replace(record, origin=replace(record.origin, installation="lab002")),
    ],
    ids=["another job", "another installation"],
)
def test_records_of_different_chains_do_not_mix(
    night: Files, key: SigningKey, change: Callable[[Record[Claim]], Record[Claim]]
) -> None:
    error = broken([*night[:4], (night[4][0], forge(night[4][1], key, change))], key)
    assert error.code == "evidence.chain-broken"
    assert "another job or installation" in error.what


@pytest.mark.parametrize("kept", [1, 2, 3, 4])
def test_a_tail_that_was_cut_off_is_seen_against_the_head(night: Files, key: SigningKey, kept: int) -> None:
    head = sha256_hex(night[-1][1])
    verify_chain(night[:kept], [key.public])
    assert broken(night[:kept], key, head).code == "evidence.head-differs"


def test_the_head_kept_elsewhere_passes(night: Files, key: SigningKey) -> None:
    assert verify_chain(night, [key.public], sha256_hex(night[-1][1])).head == sha256_hex(night[-1][1])


def test_a_record_from_the_middle_verifies_and_says_what_was_not_checked(
    night: Files, key: SigningKey
) -> None:
    chain = verify_chain(night[2:3], [key.public])
    assert not chain.complete
    assert chain.notes == ("The chain before record 3 was not given, so it was not checked.",)


def test_an_answer_without_its_proof_verifies_when_the_chain_may_hold_it_earlier(
    night: Files, key: SigningKey
) -> None:
    assert not verify_chain(night[1:], [key.public]).complete


def test_an_answer_to_a_proof_that_the_whole_chain_lacks_is_refused(tmp_path: Path, key: SigningKey) -> None:
    chain = EvidenceChain(tmp_path)
    proof = chain.append(key, ORIGIN, sound_proof(), MADE_AT)
    chain.append(key, ORIGIN, replace(answer_to(proof), proof="0" * 64), MADE_AT)
    with pytest.raises(EvidenceError, match="not in the chain"):
        chain.verify(key.public)


def test_an_answer_about_other_replicas_than_its_proof_is_refused(tmp_path: Path, key: SigningKey) -> None:
    chain = EvidenceChain(tmp_path)
    proof = chain.append(key, ORIGIN, sound_proof(), MADE_AT)
    answer = answer_to(proof)
    chain.append(key, ORIGIN, replace(answer, replicas=answer.replicas[1:]), MADE_AT)
    with pytest.raises(EvidenceError, match="another set"):
        chain.verify(key.public)


def test_an_answer_in_another_run_than_its_proof_is_refused(tmp_path: Path, key: SigningKey) -> None:
    chain = EvidenceChain(tmp_path)
    proof = chain.append(key, ORIGIN, sound_proof(), MADE_AT)
    chain.append(key, replace(ORIGIN, run_id="run0000009"), answer_to(proof), MADE_AT)
    with pytest.raises(EvidenceError, match="another set"):
        chain.verify(key.public)


def test_a_set_that_was_given_up_after_its_proof_is_named(tmp_path: Path, key: SigningKey) -> None:
    chain = EvidenceChain(tmp_path)
    chain.append(key, ORIGIN, sound_proof(), MADE_AT)
    chain.append(key, replace(ORIGIN, attempt=2), an_abort(), MADE_AT)
    assert chain.verify(key.public).notes == ()
    chain.append(key, ORIGIN, an_abort(), MADE_AT)
    assert chain.verify(key.public).notes == (
        "000003-aborted.json gives up the set that 000001-proof.json proves.",
    )
