"""`quiesce recover`: every journal without an end, taken up where its process left it. Blocks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.engine.clock import SystemClock
from orchestrator.engine.recovery import Estate, free_host, remove_remains
from orchestrator.engine.telling import Telling
from orchestrator.engine.told import Told
from orchestrator.engine.undo import NOTHING_TO_UNDO, UndoReport
from orchestrator.errors import BadInput, EvidenceError, Interrupted, OrchestratorError
from orchestrator.evidence import (
    Claim,
    EvidenceChain,
    Origin,
    signing_key,
)
from orchestrator.journal.duty import Duty, beginning_of, duty_of, latest
from orchestrator.journal.entries import Beginning, Entry, EntryKind
from orchestrator.journal.store import JournalFile, abandoned_journal, journal_paths, read_entries
from orchestrator.model.grades import RunStatus
from orchestrator.policy.truncation import BackupType, may_report_success
from orchestrator.service.installation import Installation
from orchestrator.service.parties import (
    ArrayCaller,
    HostCaller,
    array_callers,
    reachable_arrays,
    reachable_host,
)
from orchestrator.service.presentation import withdraw
from orchestrator.service.proofs import StoredProof, find_proof
from orchestrator.service.set_record import set_of_proof
from orchestrator.service.shown_clones import clones_by_array
from orchestrator.service.signing import aborted_claim, append_record, writers_answer


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
        OrchestratorError: the registry cannot be used.
    """
    return tuple(_recovered(installation))


def _recovered(installation: Installation) -> Iterator[Recovered]:
    on_record = _on_record(installation)
    for path in journal_paths(installation.folder.journals):
        try:
            found = _look_at(installation, path, on_record)
        except OrchestratorError as error:  # must not keep the others from being thawed
            found = Recovered(path.stem, "", "", RunStatus.IN_DOUBT, UndoReport(in_doubt=(str(error),)))
        if found is not None:
            yield found


def _look_at(installation: Installation, path: Path, on_record: set[str]) -> Recovered | None:
    """Take up one run; None if nothing is owed to it."""
    with abandoned_journal(path) as journal:
        entries = read_entries(path)
        if not entries:
            return None
        begun = beginning_of(entries)
        if journal is None:
            return Recovered(path.stem, begun.job, begun.host, None)
        if duty_of(entries) is not Duty.NOTHING:
            return _take_up(installation, journal, entries)
        if path.stem not in on_record:  # its process died before it could put the set there
            _put_on_record(installation, begun, entries)
        return None


def _take_up(installation: Installation, journal: JournalFile, entries: Sequence[Entry]) -> Recovered:
    begun, duty = beginning_of(entries), duty_of(entries)
    proof, doubt = _proof(installation, begun)
    if duty is Duty.ASK_EVIDENCE and not doubt.in_doubt:
        duty = Duty.UNDO if proof is None else Duty.KEEP
    if duty is Duty.KEEP and proof is None and not doubt.in_doubt:
        doubt = UndoReport(in_doubt=(f"the proof of {begun.names.stem} is gone from the evidence",))
    undone, told = NOTHING_TO_UNDO, None
    if duty is Duty.KEEP and proof is not None:
        told = _told(installation, begun, proof, entries)
    if told is None:
        undone = _settled(installation, Estate(begun, duty, _age_s(entries)))
    undone += doubt + _hidden(installation, begun, entries)
    if undone.in_doubt:
        status = RunStatus.IN_DOUBT
    elif proof is not None and duty is Duty.KEEP:
        status = RunStatus.COMPLETED
        _keep(installation, begun, proof, told, entries)
    else:
        status = RunStatus.ABORTED
        _record_abort(installation, begun, undone)
    _update_row(installation, begun, status)
    kind = EntryKind.IN_DOUBT if status is RunStatus.IN_DOUBT else EntryKind.ENDED
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


def _settled(installation: Installation, estate: Estate) -> UndoReport:
    """Thaw first, whatever the arrays say; then remove, if that is owed."""
    freed = _freed(installation, estate)
    return freed + _removed(installation, estate) if estate.duty is Duty.UNDO else freed


def _freed(installation: Installation, estate: Estate) -> UndoReport:
    try:
        host = installation.hosts.get(estate.beginning.host)
        caller = HostCaller(host, installation.connections.host(host))
    except BadInput as error:  # not registered any more, or its secret cannot be read
        return UndoReport(in_doubt=(str(error),))
    return asyncio.run(_free(caller, estate))


async def _free(caller: HostCaller, estate: Estate) -> UndoReport:
    async with reachable_host(caller) as host:
        return await free_host(estate, None if host is None else host.coordinator)


def _told(
    installation: Installation, begun: Beginning, proof: StoredProof, entries: Sequence[Entry]
) -> Told | None:
    """Tell writers who still wait how the backup ended; None if none does, or the host cannot be asked.

    A truncating backup has both keys if a verification that passed is on record; else they hear it failed.
    """
    if not proof.proof.facts.selected or proof.answered:
        return None
    telling = latest(entries, EntryKind.TELLING)
    verdict = None if proof.verification is None else proof.verification.verdict
    succeeded = may_report_success(BackupType[begun.backup_type.upper()], verdict)
    if telling is not None:
        succeeded = bool(telling.data.get("succeeded", True))  # another word would contradict what they heard
    try:
        host = installation.hosts.get(begun.host)
        caller = HostCaller(host, installation.connections.host(host))
    except BadInput:
        return None
    writers = frozenset(each.instance_id for each in proof.proof.facts.selected)
    return asyncio.run(_tell(caller, begun, writers, succeeded=succeeded, asked_before=telling is not None))


async def _tell(
    caller: HostCaller, begun: Beginning, writers: frozenset[str], *, succeeded: bool, asked_before: bool
) -> Told | None:
    async with reachable_host(caller) as host:
        if host is None:
            return None
        telling = Telling(
            host.coordinator, begun.set_id, begun.fence, SystemClock(), writers, asked_before=asked_before
        )
        told = await telling.tell(succeeded=succeeded)
        with suppress(OrchestratorError):  # what it was is on record, and the host ends a session by itself
            await host.coordinator.recover(begun.set_id, begun.fence)
        return told


def _removed(installation: Installation, estate: Estate) -> UndoReport:
    try:
        arrays = [installation.arrays.get(name) for name in estate.beginning.arrays]
        callers = array_callers(installation.connections, arrays)
    except BadInput as error:
        return UndoReport(in_doubt=(str(error),))
    return asyncio.run(_remove(callers, estate))


def _hidden(installation: Installation, begun: Beginning, entries: Sequence[Entry]) -> UndoReport:
    """Take clones away from this machine that were shown to it for a look that never ended."""
    cloned = latest(entries, EntryKind.CLONED)
    looking = latest(entries, EntryKind.VERIFYING) is not None
    if cloned is None or not looking or latest(entries, EntryKind.VERIFIED) is not None:
        return NOTHING_TO_UNDO
    volumes = clones_by_array(cloned.data["clones"])
    try:
        arrays = [installation.arrays.get(name) for name in sorted(volumes)]
        asyncio.run(withdraw(array_callers(installation.connections, arrays), volumes))
    except OrchestratorError as error:
        return UndoReport(in_doubt=(f"clones of {begun.names.stem} are still shown: {error}",))
    return NOTHING_TO_UNDO


async def _remove(callers: Sequence[ArrayCaller], estate: Estate) -> UndoReport:
    async with reachable_arrays(callers) as arrays:
        return await remove_remains(estate, arrays, SystemClock())


def _age_s(entries: Sequence[Entry]) -> float:
    return (datetime.now(UTC) - entries[-1].at).total_seconds()


def _keep(
    installation: Installation,
    begun: Beginning,
    proof: StoredProof,
    told: Told | None,
    entries: Sequence[Entry],
) -> None:
    """Close the books of a proven set: what the writers know of it, and its place in the registry."""
    if told is not None:
        answer = writers_answer(proof.digest, proof.proof.replicas, begun.backup_type, told)
        _append(installation, proof.origin, answer)
    _put_on_record(installation, begun, entries)


def _put_on_record(installation: Installation, begun: Beginning, entries: Sequence[Entry]) -> None:
    proof, _ = _proof(installation, begun)
    if proof is None or begun.names.stem in _on_record(installation):  # since we looked, perhaps
        return
    cloned = latest(entries, EntryKind.CLONED)
    unfinished = cloned is None and latest(entries, EntryKind.CLONING) is not None
    clones = () if cloned is None else cloned.data["clones"]
    installation.sets.add(set_of_proof(proof, "its clones were not finished" if unfinished else "", clones))


def _on_record(installation: Installation) -> set[str]:
    return {each.set_id for each in installation.sets.list()}


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
