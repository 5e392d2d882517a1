"""The engine's recorder: signed records at the end of a job's chain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from orchestrator.engine.attempt import Attempt
from orchestrator.engine.parts import HostPart
from orchestrator.engine.recorder import RecordRef
from orchestrator.engine.result import PlacedClone
from orchestrator.engine.told import Told
from orchestrator.engine.undo import Remains, UndoReport
from orchestrator.errors import EvidenceError, OrchestratorError
from orchestrator.evidence import (
    Aborted,
    ArrayObject,
    Claim,
    EvidenceChain,
    Origin,
    Outcome,
    Problem,
    Refusal,
    Replica,
    Verification,
    WritersAnswer,
    proof_of,
    signing_key,
)
from orchestrator.evidence.records import CloneRead, replicas_of
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.names import ObjectNames
from orchestrator.model.verification import ContentsReport
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class SigningRecorder:
    """Writes one run's records. Each call returns once the record would survive a power cut."""

    chain: EvidenceChain
    keys: Path
    job: str
    names: ObjectNames
    host: HostPart

    async def ready(self, attempt: Attempt) -> None:
        """Make sure that a record could be written, before anything is frozen."""
        origin = self._origin(emulated=attempt.plan.emulated)
        await asyncio.to_thread(self.chain.check_ready, origin)

    async def proven(self, attempt: Attempt, grade: Grade, notes: Sequence[Finding]) -> RecordRef:
        """Store the proof."""
        plan, facts = attempt.plan, attempt.facts()
        assert facts is not None  # noqa: S101 - nothing is proven without a window
        ceilings = {plan.host.name: plan.host.coordinator.ceiling}
        proof = proof_of(
            facts,
            grade=grade,
            host=(plan.host.name, plan.host.identity),
            arrays=[array.identity for array in plan.arrays],
            ceilings=ceilings | {array.name: array.capabilities.ceiling for array in plan.arrays},
        )
        return await self._append(proof, emulated=plan.emulated)

    async def told(self, attempt: Attempt, proof: RecordRef, told: Told) -> RecordRef:
        """Store what the writers were told, and what they answered."""
        facts = attempt.facts()
        replicas = replicas_of(facts) if facts is not None else ()
        answer = writers_answer(proof.digest, replicas, attempt.plan.job.backup_type, told)
        return await self._append(answer, emulated=attempt.plan.emulated)

    async def verified(
        self, attempt: Attempt, proof: RecordRef, clones: Sequence[PlacedClone], contents: ContentsReport
    ) -> RecordRef:
        """Store what a look into the clones found."""
        facts = attempt.facts()
        ids = {array.name: array.identity.array_id for array in attempt.plan.arrays}
        read = (
            CloneRead(ids[each.array_name], each.clone.volume.volume_id, each.clone.replica_id)
            for each in clones
        )
        verification = Verification(
            proof=proof.digest,
            replicas=replicas_of(facts) if facts is not None else (),
            clones=tuple(sorted(read, key=astuple)),
            verdict=contents.verdict,
            components=contents.components,
            started_at=contents.started_at,
            ended_at=contents.ended_at,
        )
        return await self._append(verification, emulated=attempt.plan.emulated)

    async def refused(self, reasons: Sequence[Finding]) -> RecordRef:
        """Store why nothing was touched."""
        refusal = Refusal(tuple(Problem.of_finding(reason) for reason in reasons))
        return await self._append(refusal, emulated=self.host.identity.emulated)

    async def given_up(
        self, attempt: Attempt, error: OrchestratorError, status: RunStatus, undone: UndoReport
    ) -> RecordRef:
        """Store why the run failed and what became of its objects."""
        claim = aborted_claim(error, status, undone, attempt.facts())
        try:
            return await self._append(claim, emulated=attempt.plan.emulated)
        except EvidenceError:
            # Facts that cannot even be written down (a host's clock that says "not a number") must not
            # keep the failure itself off the record.
            return await self._append(replace(claim, facts=None), emulated=attempt.plan.emulated)

    async def _append(self, claim: Claim, *, emulated: bool) -> RecordRef:
        return await asyncio.to_thread(
            append_record, self.chain, self.keys, self._origin(emulated=emulated), claim
        )

    def _origin(self, *, emulated: bool) -> Origin:
        return Origin(
            self.job, self.names.run_id, self.names.attempt, self.names.installation, self.host.name, emulated
        )


def append_record(chain: EvidenceChain, keys: Path, origin: Origin, claim: Claim) -> RecordRef:
    """Sign a claim with the key that its origin asks for, and store it. Blocks."""
    path = chain.append(signing_key(keys, emulated=origin.emulated), origin, claim, datetime.now(UTC))
    return RecordRef(path, sha256(path.read_bytes()).hexdigest())


def writers_answer(proof: str, replicas: tuple[Replica, ...], backup_type: str, told: Told) -> WritersAnswer:
    """Return the claim that the writers of a proven set were told how the backup ended, or were not."""
    return WritersAnswer(
        proof=proof,
        replicas=replicas,
        backup_type=backup_type,
        told=Outcome.SUCCEEDED if told.succeeded else Outcome.FAILED,
        reply=told.reply,
        cause=told.cause,
        logs=told.report.logs,
    )


def aborted_claim(
    error: OrchestratorError, status: RunStatus, undone: UndoReport, facts: WindowFacts | None = None
) -> Aborted:
    """Return the claim of a run that ended without a set."""
    return Aborted(
        status=status,
        reason=Problem.of_error(error),
        removed=_objects(undone.removed),
        void_pending=_objects(undone.void_pending),
        in_doubt=undone.in_doubt,
        facts=facts,
    )


def _objects(remains: Sequence[Remains]) -> tuple[ArrayObject, ...]:
    return tuple(
        ArrayObject(each.array_id, each.array_name, each.item.kind, each.item.object_id, each.item.name)
        for each in remains
    )
