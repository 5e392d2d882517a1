"""What a third party runs: records and chains checked with nothing but files and public keys (R7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator.errors import EvidenceError
from orchestrator.evidence.canonical import about, sha256_hex
from orchestrator.evidence.claims import check_claim
from orchestrator.evidence.envelope import Envelope, read_envelope, signed_bytes
from orchestrator.evidence.keys import LAB_KEY, PublicKey
from orchestrator.evidence.records import (
    Aborted,
    Claim,
    Origin,
    Outcome,
    Proof,
    Record,
    Replica,
    Verification,
    WritersAnswer,
)
from orchestrator.evidence.statements import read_statement


@dataclass(frozen=True, slots=True)
class Verified:
    """A record that stood every check.

    Attributes:
        name: of its file.
        sha256: digest of the file, in hex.
        key_id: which key signed it.
    """

    name: str
    sha256: str
    key_id: str
    record: Record[Claim]


@dataclass(frozen=True, slots=True)
class VerifiedChain:
    """Consecutive records of one job, in order.

    Attributes:
        records: at least one.
        notes: what a reader should know although nothing is wrong.
    """

    records: tuple[Verified, ...]
    notes: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether it starts with the job's first record."""
        return _is_first(self.records[0])

    @property
    def head(self) -> str:
        """The digest of the last record's file: what to keep elsewhere."""
        return self.records[-1].sha256


def verify_record(data: bytes, keys: Sequence[PublicKey], name: str = "record") -> Verified:
    """Check one record by itself: spelling, signature, and R1 applied again to the recorded facts.

    Args:
        data: the file.
        keys: any one of them may have signed it.
        name: what errors call the file.

    Raises:
        EvidenceError: with the code of the first check that failed.
    """
    with about(name):
        envelope = read_envelope(data)
        key = _key_that_fits(envelope, keys)
        record = read_statement(envelope.payload)
        check_claim(record)
        if key.name == LAB_KEY and not record.origin.emulated:
            raise EvidenceError("evidence.claim-not-supported", "the lab's key vouches for nothing real")
    return Verified(name, sha256_hex(data), key.key_id, record)


def verify_chain(
    files: Iterable[tuple[str, bytes]], keys: Sequence[PublicKey], head: str | None = None
) -> VerifiedChain:
    """Check records one by one, then that they follow upon one another. Their order does not matter.

    Args:
        files: names and contents; at least one.
        keys: as for `verify_record`.
        head: digest of the last record as it was kept elsewhere; without it a cut-off tail is not seen.

    Raises:
        EvidenceError: with the code of the first check that failed.
    """
    verified = (verify_record(data, keys, name) for name, data in files)
    records = sorted(verified, key=lambda each: each.record.link.sequence)
    for before, after in pairwise(records):
        _check_step(before, after)
    _check_followers(records)
    chain = VerifiedChain(tuple(records), tuple(_notes(records)))
    if head is not None and head != chain.head:
        raise EvidenceError(
            "evidence.head-differs", f"its digest is {chain.head}, not {head}", subject=records[-1].name
        )
    return chain


def _key_that_fits(envelope: Envelope, keys: Sequence[PublicKey]) -> PublicKey:
    key = next((key for key in keys if key.key_id == envelope.key_id), None)
    if key is None:
        raise EvidenceError("evidence.wrong-key", f"it is signed by key {envelope.key_id[:64]!a}")
    if not key.fits(envelope.signature, signed_bytes(envelope.payload)):
        raise EvidenceError("evidence.bad-signature", f"the signature is not one of key {key.key_id}")
    return key


def _check_step(before: Verified, after: Verified) -> None:
    first, second = before.record, after.record
    if (first.origin.job, first.origin.installation) != (second.origin.job, second.origin.installation):
        raise _broken(after, f"it is of another job or installation than {before.name}")
    if first.link.sequence == second.link.sequence:
        raise _broken(after, f"it has the same number ({first.link.sequence}) as {before.name}")
    if first.link.sequence + 1 != second.link.sequence:
        raise _broken(after, f"record {first.link.sequence + 1} is missing before it")
    if second.link.previous != before.sha256:
        raise _broken(after, f"it does not follow upon {before.name}")


def _check_followers(records: Sequence[Verified]) -> None:
    """Check that what follows upon a proof is about one before it, as far back as records were given."""
    sets: dict[str, tuple[Origin, tuple[Replica, ...]]] = {}
    passed: set[str] = set()
    from_the_first = _is_first(records[0])
    for each in records:
        origin, claim = each.record.origin, each.record.claim
        if isinstance(claim, Proof):
            sets[each.sha256] = (origin, claim.replicas)
        if not isinstance(claim, WritersAnswer | Verification):
            continue
        if claim.proof not in sets:
            if from_the_first:
                raise _broken(each, "the proof that it refers to is not in the chain")
            continue
        if sets[claim.proof] != (origin, claim.replicas):
            raise _broken(each, "it is about another set than the proof that it refers to")
        if isinstance(claim, Verification):
            passed |= {claim.proof} if claim.verdict.passed else set()
        elif _lets_logs_go(claim) and claim.proof not in passed:
            raise _broken(each, "the writers were let truncate their logs before a verification had passed")


def _lets_logs_go(answer: WritersAnswer) -> bool:
    return answer.told is Outcome.SUCCEEDED and answer.backup_type != "copy"


def _notes(records: Sequence[Verified]) -> Iterator[str]:
    if not _is_first(records[0]):
        begins = records[0].record.link.sequence
        yield f"The chain before record {begins} was not given, so it was not checked."
    proven: dict[Origin, str] = {}
    for each in records:
        if isinstance(each.record.claim, Proof):
            proven[each.record.origin] = each.name
        elif isinstance(each.record.claim, Aborted) and each.record.origin in proven:
            yield f"{each.name} gives up the set that {proven[each.record.origin]} proves."


def _is_first(record: Verified) -> bool:
    return record.record.link.sequence == 1


def _broken(at: Verified, what: str) -> EvidenceError:
    return EvidenceError("evidence.chain-broken", what, subject=at.name)
