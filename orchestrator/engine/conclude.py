"""After the thaw, when nothing failed: judge, sign, tell the writers, clone."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.recorder import Recorder, RecordRef
from orchestrator.engine.result import PlacedClone
from orchestrator.engine.telling import telling_of
from orchestrator.engine.told import Told
from orchestrator.errors import ArrayError, OrchestratorError
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.journal.entries import EntryKind
from orchestrator.journal.store import Journal
from orchestrator.plugin import Cloner
from orchestrator.policy.proof import judge
from orchestrator.policy.reasons import Finding


class NotProven(OrchestratorError):
    """R1 does not hold: the set will be deleted. Carries everything the judge said."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        super().__init__(first.code, first.text, subject=first.subject)
        self.findings = tuple(findings)
        for other in findings[1:]:
            self.add_note(f"also: {other.subject}: {other.text}")


def demand_proof(attempt: Attempt) -> tuple[Finding, ...]:
    """Apply R1 and return what is worth saying although nothing stands against the set.

    Raises:
        NotProven: R1 does not hold.
    """
    facts = attempt.facts()
    findings = judge(facts, attempt.plan.grade) if facts is not None else (_no_window(attempt),)
    if fatal := [finding for finding in findings if finding.fatal]:
        raise NotProven(fatal)
    return findings


def _no_window(attempt: Attempt) -> Finding:
    return Finding("proof.writer-not-frozen", attempt.plan.host.name, "No freeze window was seen.")


async def sign(attempt: Attempt, notes: Sequence[Finding], journal: Journal, recorder: Recorder) -> RecordRef:
    """Store the proof. The set exists from here on."""
    await journal.record(EntryKind.SIGNING)
    CrashPoint.SIGNING.passed()
    proof = await recorder.proven(attempt, attempt.plan.grade, notes)
    CrashPoint.SIGNED.passed()
    await journal.record(EntryKind.PROVEN, {"record": str(proof.path), "digest": proof.digest})
    CrashPoint.PROVEN.passed()
    return proof


async def tell_writers(
    attempt: Attempt, proof: RecordRef, journal: Journal, recorder: Recorder, *, succeeded: bool
) -> Told:
    """Tell the writers how the backup ended, and put their answer on record. Undoes nothing (R6)."""
    await journal.record(EntryKind.TELLING, {"succeeded": succeeded})
    CrashPoint.TELLING.passed()
    told = await telling_of(attempt).tell(succeeded=succeeded)
    await recorder.told(attempt, proof, told)
    await journal.record(EntryKind.TOLD, {"reply": told.reply})
    CrashPoint.TOLD.passed()
    return told


async def clone(attempt: Attempt, journal: Journal) -> tuple[PlacedClone, ...]:
    """Make array volumes from the replicas, where the job asks for them.

    Raises:
        ArrayError: an array could not; the proven set stays, and what was made bears the set's names.
    """
    await journal.record(EntryKind.CLONING)
    CrashPoint.CLONING.passed()
    clones: list[PlacedClone] = []
    for cut in attempt.cuts:
        if not isinstance(cut.array.provider, Cloner):
            raise ArrayError("array.cannot-clone", "its provider makes no clones", subject=cut.array.name)
        made = await cut.array.provider.clone(cut.listed, attempt.names)
        clones += [PlacedClone(cut.array.name, each) for each in made]
    await journal.record(EntryKind.CLONED, {"clones": [each.as_data() for each in clones]})
    CrashPoint.CLONED.passed()
    return tuple(clones)
