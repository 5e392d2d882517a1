"""`quiesce recover`: every journal without an end, taken up where its process left it. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from orchestrator.engine.clock import SystemClock
from orchestrator.engine.recovery import Estate, free_host, remove_remains
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport
from orchestrator.errors import BadInput, EvidenceError, Interrupted
from orchestrator.evidence import (
    Claim,
    EvidenceChain,
    Origin,
    Outcome,
    Reply,
    WritersAnswer,
    signing_key,
)
from orchestrator.journal.duty import Duty, beginning_of, duty_of
from orchestrator.journal.entries import Beginning, Entry, EntryKind
from orchestrator.journal.store import JournalFile, abandoned_journal, journal_paths, read_entries
from orchestrator.model.grades import RunStatus
from orchestrator.service.installation import Installation
from orchestrator.service.parties import Callers, reachable
from orchestrator.service.proofs import StoredProof, find_proof
from orchestrator.service.set_record import set_of_proof
from orchestrator.service.signing import aborted_claim, append_record


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one run without an end.

    Attributes:
        status: completed if its set is proven and stays; None while its own process still lives.
    """

    set_name: str
    job: str
    host: str
    status: RunStatus | None
    undone: UndoReport = NOTHING_TO_UNDO


def recover_all(installation: Installation) -> tuple[Recovered, ...]:
    """Take up every run that has no end and whose process is gone.

    Raises:
        OrchestratorError: a journal cannot be read, or the registry cannot be used.
    """
    return tuple(_recovered(installation))


def _recovered(installation: Installation) -> Iterator[Recovered]:
    on_record = {each.set_id for each in installation.sets.list()}
    for path in journal_paths(installation.folder.journals):
        entries = read_entries(path)
        if not entries:
            continue
        begun = beginning_of(entries)
        if duty_of(entries) is Duty.NOTHING:
            if path.stem not in on_record:
                _put_on_record(installation, begun, "")
            continue
        with abandoned_journal(path) as journal:
            if journal is None:
                yield Recovered(path.stem, begun.job, begun.host, None)
            else:
                yield _take_up(installation, journal)


def _take_up(installation: Installation, journal: JournalFile) -> Recovered:
    entries = journal.entries()  # once more: its process may have written on until we got the lock
    begun, duty = beginning_of(entries), duty_of(entries)
    proof, doubt = _proof(installation, begun)
    if duty is Duty.ASK_EVIDENCE:
        duty = Duty.UNDO if proof is None and not doubt.in_doubt else Duty.KEEP
    callers = _callers(installation, begun)
    undone = doubt + asyncio.run(_settle(callers, Estate(begun, duty, _age_s(entries))))
    if undone.in_doubt:
        status = RunStatus.IN_DOUBT
    elif proof is not None and duty is Duty.KEEP:
        status = RunStatus.COMPLETED
        _keep(installation, begun, proof, {entry.kind for entry in entries})
    else:
        status = RunStatus.ABORTED
        _record_abort(installation, begun, undone)
    _update_row(installation, begun, status)
    kind = EntryKind.IN_DOUBT if status is RunStatus.IN_DOUBT else EntryKind.ENDED
    if duty is not Duty.NOTHING:
        journal.append(Entry(kind, datetime.now(UTC), {"status": status, "by": "recover"}))
    return Recovered(begun.names.stem, begun.job, begun.host, status, undone)


def _proof(installation: Installation, begun: Beginning) -> tuple[StoredProof | None, UndoReport]:
    """Return the run's proof; a record that does not verify neither keeps a set nor lets it be deleted."""
    chain = EvidenceChain.of_job(installation.folder.evidence, begun.job)
    keys = [signing_key(installation.folder.keys, emulated=each).public for each in (False, True)]
    try:
        return find_proof(chain, begun.names, keys), NOTHING_TO_UNDO
    except EvidenceError as error:
        return None, UndoReport(in_doubt=(str(error),))


def _callers(installation: Installation, begun: Beginning) -> Callers | None:
    """Return who has to be spoken to; None when one of them is not registered any more."""
    try:
        host = installation.hosts.get(begun.host)
        arrays = [installation.arrays.get(name) for name in begun.arrays]
        return Callers.of(installation.connections, host, arrays)
    except BadInput:
        return None


async def _settle(callers: Callers | None, estate: Estate) -> UndoReport:
    if callers is None:
        return UndoReport(in_doubt=("its host or an array is not registered any more",))
    async with reachable(callers) as (host, arrays):
        freed = await free_host(estate, None if host is None else host.coordinator)
        if estate.duty is Duty.UNDO:
            return freed + await remove_remains(estate, arrays, SystemClock())
        return freed


def _age_s(entries: tuple[Entry, ...]) -> float:
    return (datetime.now(UTC) - entries[-1].at).total_seconds()


def _keep(installation: Installation, begun: Beginning, proof: StoredProof, kinds: set[EntryKind]) -> None:
    """Close the books of a proven set: what the writers know of it, and its place in the registry."""
    if not proof.answered:
        was_told = EntryKind.TELLING in kinds
        answer = WritersAnswer(
            proof=proof.digest,
            replicas=proof.proof.replicas,
            backup_type=begun.backup_type,
            told=Outcome.SUCCEEDED if was_told else Outcome.FAILED,  # recovery has aborted their session
            reply=Reply.UNKNOWN if was_told else Reply.ANSWERED,
        )
        _append(installation, proof.origin, answer)
    unfinished = EntryKind.CLONING in kinds and EntryKind.CLONED not in kinds
    _put_on_record(installation, begun, "its clones were not finished" if unfinished else "")


def _put_on_record(installation: Installation, begun: Beginning, note: str) -> None:
    proof, _ = _proof(installation, begun)
    if proof is not None:
        installation.sets.add(set_of_proof(proof, note))


def _update_row(installation: Installation, begun: Beginning, status: RunStatus) -> None:
    """Say how it ended where the run itself could only say that it did not know."""
    for row in installation.sets.list():
        if row.set_id == begun.names.stem and row.status is RunStatus.IN_DOUBT:
            installation.sets.update(replace(row, status=status, note=f"{row.note}; recovered"))


def _record_abort(installation: Installation, begun: Beginning, undone: UndoReport) -> None:
    died = Interrupted("run.died", "its process ended before the run did", subject=begun.job)
    origin = Origin(
        begun.job, begun.run_id, begun.attempt, begun.installation, begun.host, emulated=begun.emulated
    )
    _append(installation, origin, aborted_claim(died, RunStatus.ABORTED, undone))


def _append(installation: Installation, origin: Origin, claim: Claim) -> None:
    chain = EvidenceChain.of_job(installation.folder.evidence, origin.job)
    append_record(chain, installation.folder.keys, origin, claim)
