"""A copy that is not on record: taken in with valid evidence of that very copy, or refused. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.engine.parts import ArrayPart
from orchestrator.errors import BadInput, EvidenceError, OrchestratorError
from orchestrator.evidence import Proof, PublicKey, Replica, signing_key, subject_digest, verify_record
from orchestrator.model.arrays import ArmedCut, ArrayVolume, CutAnswer
from orchestrator.model.facts import CutFacts
from orchestrator.policy.adoption import AdoptionClaim, VerifiedEvidence, check_adoption
from orchestrator.policy.reasons import Finding, raise_refusal
from orchestrator.registry.endpoints import RegisteredArray
from orchestrator.registry.sets import RecordedSet
from orchestrator.service.installation import Installation
from orchestrator.service.parties import ArrayCaller, array_callers, connected_arrays
from orchestrator.service.proofs import StoredProof
from orchestrator.service.set_record import set_of_proof


def adopt_set(
    installation: Installation, copy: str, array_name: str, evidence: Path | None, key: Path | None
) -> RecordedSet:
    """Put a copy on record as a set.

    Args:
        installation: where.
        copy: id of the set, or the name of one of its replicas on the array.
        array_name: where that lies, as registered.
        evidence: file with the proof; None if there is none.
        key: public key to check it with; this installation's own when None.

    Raises:
        Refused: `policy.break-off-refused` mostly; says what such a copy would need.
    """
    array = installation.arrays.get(array_name)
    stored, doubt = _stored_proof(installation, evidence, key)
    if stored is None:
        try:
            raise_refusal(check_adoption(AdoptionClaim(copy, "", array_emulated=False, evidence=None)))
        except OrchestratorError as refusal:
            refusal.add_note(doubt)
            raise
        raise AssertionError("a copy without evidence is always refused")
    cuts = {cut.array_id: cut for cut in stored.proof.facts.cuts}
    registered = {each.name: each for each in installation.arrays.list() if each.array_id in cuts}
    if array.name not in registered or len(registered) != len(cuts):
        missing = "the proof speaks of an array that is not registered, or not of this one"
        raise BadInput("input.unknown-array", missing, subject=array_name)
    callers = array_callers(installation.connections, registered.values())
    raise_refusal(_other_copy(copy, stored))
    if stored.names.stem in {each.set_id for each in installation.sets.list()}:
        raise BadInput("input.already-registered", "the set is on record", subject=stored.names.stem)
    raise_refusal(_findings(asyncio.run(_claims(callers, cuts, stored)), stored))
    recorded = _under_present_names(set_of_proof(stored, "adopted"), registered, cuts)
    installation.sets.add(recorded)
    return recorded


def _other_copy(copy: str, stored: StoredProof) -> Iterator[Finding]:
    if copy not in {stored.names.stem, *(replica.replica_name for replica in stored.proof.replicas)}:
        yield Finding("evidence.wrong-subject", copy, "The evidence does not speak of it.")


def _findings(claims: Sequence[AdoptionClaim], stored: StoredProof) -> Iterator[Finding]:
    for claim in claims:
        yield from check_adoption(claim)
    there = {claim.subject for claim in claims}
    for replica in stored.proof.replicas:
        if subject_digest(replica) not in there:
            text = "The array does not list it any more as the evidence describes it."
            yield Finding("evidence.wrong-subject", replica.replica_name, text)


def _under_present_names(
    recorded: RecordedSet, registered: Mapping[str, RegisteredArray], cuts: Mapping[str, CutFacts]
) -> RecordedSet:
    """Call the set's arrays what they are called now, not what they were called when it was made."""
    present = {cuts[array.array_id].array_name: name for name, array in registered.items()}
    replicas = [{**replica, "array": present[replica["array"]]} for replica in recorded.replicas]
    return replace(recorded, replicas=tuple(replicas))


def _stored_proof(
    installation: Installation, evidence: Path | None, key: Path | None
) -> tuple[StoredProof | None, str]:
    """Return the proof if there is one that verifies, and otherwise why not."""
    if evidence is None:
        return None, "no evidence was given (--evidence FILE)"
    own = [signing_key(installation.folder.keys, emulated=emulated).public for emulated in (False, True)]
    try:
        verified = verify_record(
            evidence.read_bytes(), own if key is None else [PublicKey.from_file(key)], evidence.name
        )
    except (EvidenceError, OSError) as error:
        return None, f"evidence: {error}"
    record = verified.record
    if not isinstance(record.claim, Proof):
        return None, "the record given is no proof"
    path = evidence.absolute()
    return StoredProof(record.origin, record.claim, record.link.made_at, path, verified.sha256), ""


async def _claims(
    callers: Sequence[ArrayCaller], cuts: dict[str, CutFacts], stored: StoredProof
) -> list[AdoptionClaim]:
    """Describe every replica of the set as its array describes it now."""
    evidence = VerifiedEvidence(
        subjects=frozenset(subject_digest(replica) for replica in stored.proof.replicas),
        grade=stored.proof.grade,
        emulated=stored.origin.emulated,
    )
    claims: list[AdoptionClaim] = []
    async with connected_arrays(callers) as arrays:
        for array in arrays:
            for replica in await _replicas(array, cuts[array.identity.array_id], stored):
                digest = subject_digest(replica)
                claims.append(AdoptionClaim(replica.replica_name, digest, array.identity.emulated, evidence))
    return claims


async def _replicas(array: ArrayPart, cut: CutFacts, stored: StoredProof) -> list[Replica]:
    planned = tuple(ArrayVolume(volume_id, "", "", 0) for volume_id in cut.planned)
    armed, answer = ArmedCut(stored.names, planned), CutAnswer("", cut.cut_name)
    return [
        Replica(
            array.identity.array_id,
            member.source_volume_id,
            member.replica_id,
            member.replica_name,
            member.cut_at,
        )
        for member in await array.provider.confirm(armed, answer)
    ]
