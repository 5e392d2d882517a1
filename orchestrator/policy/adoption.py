"""Whether a copy that no run on record made may be taken in: only with evidence, only of that very copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.model.grades import Grade
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class VerifiedEvidence:
    """What a record says whose signature, chain and claim have been checked.

    Attributes:
        subjects: digests of the replicas that it speaks of.
        emulated: it was made by emulators.
    """

    subjects: frozenset[str]
    grade: Grade
    emulated: bool


@dataclass(frozen=True, slots=True)
class AdoptionClaim:
    """A copy that somebody wants to use as a set.

    Attributes:
        name: what the user calls it.
        subject: digest of the replica, as the array describes it.
        array_emulated: whether its array is an emulator.
        evidence: None when there is none that verifies.
    """

    name: str
    subject: str
    array_emulated: bool
    evidence: VerifiedEvidence | None


def check_adoption(claim: AdoptionClaim) -> tuple[Finding, ...]:
    """Return why a copy cannot be adopted; nothing when it can."""
    return tuple(_objections(claim))


def _objections(claim: AdoptionClaim) -> Iterator[Finding]:
    evidence = claim.evidence
    if evidence is None:
        text = "No valid evidence says that writers were frozen when it was cut."
        yield Finding("policy.break-off-refused", claim.name, text)
        return
    if evidence.emulated and not claim.array_emulated:
        text = "The evidence is of an emulated run, the array is not."
        yield Finding("policy.emulated-outside-lab", claim.name, text)
    if claim.subject not in evidence.subjects:
        yield Finding("evidence.wrong-subject", claim.name, "The evidence does not speak of this replica.")
    if not evidence.grade.reaches(Grade.WRITER_VERIFIED):
        text = f"The evidence says {evidence.grade} only."
        yield Finding("policy.grade-out-of-reach", claim.name, text)
