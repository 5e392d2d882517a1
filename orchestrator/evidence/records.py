"""What a record says: where it comes from, its place in the chain, and one claim.

A field added, renamed or given another meaning here, or in a model class used here, is a new version of the
predicate types in `statements`: old records must stay readable byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

from orchestrator.errors import CATALOGUE, OrchestratorError
from orchestrator.model.arrays import ArrayIdentity, CutMember, ObjectKind
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.hosts import HostIdentity, LogTruncation
from orchestrator.model.verification import Verdict, VerifiedComponent
from orchestrator.policy.reasons import Finding

NO_PREVIOUS: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Origin:
    """Which attempt of which run speaks.

    Attributes:
        job: the job's name; a chain holds one job's records.
        run_id: 10 lower-case letters and digits.
        attempt: 1 for the first.
        installation: 6 lower-case letters and digits.
        host: as registered.
        emulated: an emulator took part in any role.
    """

    job: str
    run_id: str
    attempt: int
    installation: str
    host: str
    emulated: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A record's place in its chain.

    Attributes:
        sequence: 1 for the first record of the job.
        previous: sha256 (hex) of the bytes of the record file before; 64 zeros for the first.
        made_at: when it was signed, on the signer's clock.
        product_version: of Quiesce.
    """

    sequence: int
    previous: str
    made_at: datetime
    product_version: str


@dataclass(frozen=True, slots=True, order=True)
class Replica:
    """A replica's canonical identity; the sha256 of its canonical JSON is the subject's digest.

    Attributes:
        array_id: immutable.
        source_volume_id: immutable id of the array volume it was cut from.
        replica_id: immutable.
        replica_name: its name on the array.
        cut_at: the array's wall clock at the cut, UTC.
    """

    array_id: str
    source_volume_id: str
    replica_id: str
    replica_name: str
    cut_at: datetime


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was refused or given up: a code of the error catalogue, and what people read."""

    code: str
    what: str
    subject: str
    remedy: str

    @classmethod
    def of_error(cls, error: OrchestratorError) -> Problem:
        """Return an error as it goes into a record."""
        return cls(error.code, error.what, error.subject, error.remedy)

    @classmethod
    def of_finding(cls, finding: Finding) -> Problem:
        """Return a finding as it goes into a record, with the catalogue's remedy."""
        return cls(finding.code, finding.text, finding.subject, CATALOGUE[finding.code].remedy)


@dataclass(frozen=True, slots=True)
class ArrayObject:
    """An object of ours on an array. `object_id` is empty when the array never told it."""

    array_id: str
    array_name: str
    kind: ObjectKind
    object_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The best grade that a set with this host or array (as registered) can reach, by its kind's own word."""

    name: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Proof:
    """A set was made, and R1 holds for it.

    Attributes:
        grade: what the set may be called.
        ceilings: one of the host, then one of each array in the order of `facts.cuts`.
        host: whose writers were frozen.
        arrays: those that cut, in the order of `facts.cuts`.
        replicas: the set: exactly the members that the arrays listed, sorted.
        facts: everything that was seen of the window.
        findings: what a reader should know although it does not stand against the set.
    """

    grade: Grade
    ceilings: tuple[Ceiling, ...]
    host: HostIdentity
    arrays: tuple[ArrayIdentity, ...]
    replicas: tuple[Replica, ...]
    facts: WindowFacts
    findings: tuple[Finding, ...]


class Outcome(StrEnum):
    """What the writers were told of the backup."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Reply(StrEnum):
    """What is known of the writers' answer to it. Whatever it is, the set stays (R6)."""

    ANSWERED = "answered"
    FAILED = "writer-failed"  # they heard it, and one of them failed over it: logs may be there still
    UNKNOWN = "unknown"  # they were told, but their answer was lost
    NOT_TOLD = "writer-not-told"  # their session had ended before they could be told: they keep their logs


@dataclass(frozen=True, slots=True)
class WritersAnswer:
    """The writers were told how the backup ended, or could not be told.

    Attributes:
        proof: sha256 (hex) of the proof's record file.
        replicas: those of the proof.
        backup_type: VSS backup type as the job names it.
        told: what they were told, or were to be told.
        reply: what is known of their answer.
        cause: why no good answer came; empty when one did.
        logs: what became of each selected database's logs, where the host could tell.
    """

    proof: str
    replicas: tuple[Replica, ...]
    backup_type: str
    told: Outcome
    reply: Reply
    cause: str = ""
    logs: tuple[LogTruncation, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """We declined before touching anything."""

    reasons: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Aborted:
    """A run that touched something ended without a set.

    Attributes:
        status: aborted, or in doubt.
        reason: what ended it.
        removed: what was made and is gone.
        void_pending: what the array will not let go of yet; never a copy.
        in_doubt: what is not known yet, in words; empty when the run is aborted.
        facts: what was seen of the window; None when it never opened.
    """

    status: RunStatus
    reason: Problem
    removed: tuple[ArrayObject, ...]
    void_pending: tuple[ArrayObject, ...]
    in_doubt: tuple[str, ...]
    facts: WindowFacts | None


@dataclass(frozen=True, slots=True)
class CloneRead:
    """A clone that was looked into: its array, its immutable id there, and the replica it was made from."""

    array_id: str
    volume_id: str
    replica_id: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The clones of a proven set were looked into.

    Attributes:
        proof: sha256 (hex) of the proof's record file.
        replicas: those of the proof.
        clones: what was read, sorted by array and id.
        verdict: that of the worst component.
        components: what was found in each.
        started_at: on our clock, UTC.
        ended_at: likewise.
    """

    proof: str
    replicas: tuple[Replica, ...]
    clones: tuple[CloneRead, ...]
    verdict: Verdict
    components: tuple[VerifiedComponent, ...]
    started_at: datetime
    ended_at: datetime


Claim: TypeAlias = Proof | WritersAnswer | Refusal | Aborted | Verification
C_co = TypeVar("C_co", bound=Claim, covariant=True)


@dataclass(frozen=True, slots=True)
class Record(Generic[C_co]):
    """One signed record: the predicate of its statement."""

    origin: Origin
    link: Link
    claim: C_co


def replicas_of(facts: WindowFacts) -> tuple[Replica, ...]:
    """Return what the arrays listed after the thaw, sorted."""
    return tuple(sorted(_replica(cut.array_id, member) for cut in facts.cuts for member in cut.listed))


def _replica(array_id: str, member: CutMember) -> Replica:
    return Replica(array_id, member.source_volume_id, member.replica_id, member.replica_name, member.cut_at)
