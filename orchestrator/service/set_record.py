"""From a run's end to what the registry keeps of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from orchestrator.engine.result import RunResult
from orchestrator.evidence import Verification
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.model.verification import ContentsReport
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.proofs import StoredProof

# Long enough for a support case over a weekend; a damaged copy helps nobody much longer.
KEPT: Final = timedelta(days=7)


def set_of(result: RunResult, names: ObjectNames, made_at: datetime) -> RecordedSet:
    """Return what is to be kept of a run that touched something."""
    proven = result.grade is not None
    return RecordedSet(
        set_id=names.stem,
        run_id=names.run_id,
        attempt=names.attempt,
        job=result.job,
        host=result.host,
        status=result.status,
        grade=result.grade,
        emulated=result.emulated,
        made_at=made_at,
        evidence_path=None if result.record is None else str(result.record),
        replicas=_replicas(result.facts) if proven and result.facts is not None else (),
        clones=tuple(clone.as_data() for clone in result.clones),
        note="; ".join(_notes(result)),
        verification=None if result.contents is None else verification_data(result.contents),
        expires_at=made_at + KEPT if result.status is RunStatus.FAILED_VERIFICATION else None,
    )


def set_of_proof(stored: StoredProof, note: str, clones: Iterable[Mapping[str, str]] = ()) -> RecordedSet:
    """Return what is to be kept of a set that only its records speak of any more."""
    seen = None if stored.verification is None else contents_of(stored.verification)
    damaged = seen is not None and seen.verdict.failed
    return RecordedSet(
        set_id=stored.names.stem,
        run_id=stored.names.run_id,
        attempt=stored.names.attempt,
        job=stored.origin.job,
        host=stored.origin.host,
        status=RunStatus.FAILED_VERIFICATION if damaged else RunStatus.COMPLETED,
        grade=stored.proof.grade,
        emulated=stored.origin.emulated,
        made_at=stored.made_at,
        evidence_path=str(stored.path),
        replicas=_replicas(stored.proof.facts),
        clones=tuple(clones),
        note=note,
        verification=None if seen is None else verification_data(seen),
        expires_at=seen.ended_at + KEPT if damaged and seen is not None else None,
    )


def contents_of(verification: Verification) -> ContentsReport:
    """Return what a record says of the contents."""
    return ContentsReport(verification.components, verification.started_at, verification.ended_at)


def verification_data(contents: ContentsReport) -> dict[str, Any]:
    """Return what the registry keeps of a look into the clones."""
    return {
        "verdict": contents.verdict,
        "bytes": contents.bytes_read,
        "seconds": (contents.ended_at - contents.started_at).total_seconds(),
        "at": contents.ended_at.isoformat(),
    }


def _replicas(facts: WindowFacts) -> tuple[dict[str, str], ...]:
    return tuple(
        {
            "array": cut.array_name,
            "replica_id": member.replica_id,
            "replica_name": member.replica_name,
            "source_volume_id": member.source_volume_id,
        }
        for cut in facts.cuts
        for member in cut.listed
    )


def _notes(result: RunResult) -> list[str]:
    notes = [result.note] if result.note else []
    notes += [f"void-pending: {remains}" for remains in result.undone.void_pending]
    notes += [f"in doubt: {doubt}" for doubt in result.undone.in_doubt]
    return notes + ([str(result.error)] if result.error is not None else [])
