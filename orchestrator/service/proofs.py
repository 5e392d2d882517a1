"""Finds a run's proof, and what followed upon it, in a job's chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from orchestrator.evidence import (
    EvidenceChain,
    Origin,
    Proof,
    PublicKey,
    Verification,
    WritersAnswer,
    read_record,
    verify_record,
)
from orchestrator.model.names import ObjectNames


@dataclass(frozen=True, slots=True)
class StoredProof:
    """A proof on disk.

    Attributes:
        answered: a record of what the writers were told follows in the chain.
        verification: what a look into its clones found, if a record of that follows.
    """

    origin: Origin
    proof: Proof
    made_at: datetime
    path: Path
    digest: str
    answered: bool = False
    verification: Verification | None = None

    @property
    def names(self) -> ObjectNames:
        """The names of the attempt that it proves."""
        return ObjectNames(self.origin.installation, self.origin.run_id, self.origin.attempt)


def find_proof(chain: EvidenceChain, names: ObjectNames, keys: Sequence[PublicKey]) -> StoredProof | None:
    """Return the proof of one attempt, None if there is none.

    Raises:
        EvidenceError: a record about this attempt does not verify; then nothing is known.
    """
    found: tuple[Origin, Proof, datetime, Path, str] | None = None
    answered = False
    verification: Verification | None = None
    for path in chain.files():
        data = path.read_bytes()
        record = read_record(data)
        if _names_of(record.origin) != names:
            continue
        verify_record(data, keys, path.name)
        match record.claim:
            case Proof() as proof:
                found = record.origin, proof, record.link.made_at, path, sha256(data).hexdigest()
            case WritersAnswer(proof=digest) if found is not None and digest == found[-1]:
                answered = True
            case Verification(proof=digest) as seen if found is not None and digest == found[-1]:
                verification = seen
            case _:
                pass
    return None if found is None else StoredProof(*found, answered=answered, verification=verification)


def _names_of(origin: Origin) -> ObjectNames:
    return ObjectNames(origin.installation, origin.run_id, origin.attempt)
