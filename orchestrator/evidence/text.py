"""Records for people. Times are local with their offset, as everywhere on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.evidence.records import (
    Aborted,
    ArrayObject,
    Claim,
    Problem,
    Proof,
    Record,
    Refusal,
    Replica,
    Verification,
    WritersAnswer,
)
from orchestrator.evidence.statements import kind_of
from orchestrator.model.facts import WindowFacts
from orchestrator.model.time import Reading


def text_of(record: Record[Claim]) -> str:
    """Return a record as a few lines of printable text, whatever its fields hold."""
    return "\n".join(_printable(line) for line in _lines(record))


def summary_of(record: Record[Claim]) -> str:
    """Return what a record claims, in one line."""
    words = f"{kind_of(record)}: {_claim_in_words(record.claim)}"
    return _printable(f"{words} [EMULATED]" if record.origin.emulated else words)


def _claim_in_words(claim: Claim) -> str:
    match claim:
        case Proof():
            return f"{len(claim.replicas)} replicas, {claim.grade}"
        case WritersAnswer():
            return f"writers told that the {claim.backup_type} backup {claim.told}, {claim.reply}"
        case Refusal():
            return ", ".join(each.code for each in claim.reasons)
        case Aborted():
            return f"{claim.status}, {claim.reason.code}"
        case Verification():
            return f"{claim.verdict}, {len(claim.components)} databases"


def _lines(record: Record[Claim]) -> Iterator[str]:
    origin, link = record.origin, record.link
    yield summary_of(record)
    yield f"  record {link.sequence} of job {origin.job}, installation {origin.installation}"
    yield f"  run {origin.run_id}, attempt {origin.attempt}, host {origin.host}"
    yield f"  made {_local(link.made_at)} by Quiesce {link.product_version}"
    match record.claim:
        case Proof() as proof:
            yield from _window(proof.facts)
            yield from _replicas(proof.replicas)
            yield from (f"  note {each.subject}: {each.text} ({each.code})" for each in proof.findings)
        case WritersAnswer() as answer:
            yield f"  about the proof in the record file with sha256 {answer.proof}"
            yield from ([f"  {answer.reply}: {answer.cause}"] if answer.cause else [])
            yield from (f"  {each}" for each in answer.logs)
            yield from _replicas(answer.replicas)
        case Verification() as verification:
            yield f"  about the proof in the record file with sha256 {verification.proof}"
            yield from _contents(verification)
        case Refusal(reasons=reasons):
            for reason in reasons:
                yield from _problem(reason)
        case Aborted() as aborted:
            yield from _problem(aborted.reason)
            yield from _window(aborted.facts)
            yield from (f"  removed: {_place(each)}" for each in aborted.removed)
            yield from (f"  void, not erased yet: {_place(each)}" for each in aborted.void_pending)
            yield from (f"  in doubt: {each}" for each in aborted.in_doubt)


def _contents(verification: Verification) -> Iterator[str]:
    for component in verification.components:
        by = f" by {component.verifier}" if component.verifier else ""
        yield f"  {component.caption}: {component.verdict}{by}, {component.bytes_read:,} bytes read"
        for finding in component.findings:
            number = "" if finding.ese_error is None else f", {finding.ese_error}"
            yield f"    {finding.severity} {finding.place}: {finding.text} ({finding.code}{number})"
        if component.findings_left_out:
            yield f"    and {component.findings_left_out} more"


def _problem(problem: Problem) -> Iterator[str]:
    yield f"  {problem.subject}: {problem.what} ({problem.code})"
    yield f"    next: {problem.remedy}"


def _place(item: ArrayObject) -> str:
    return f"{item.kind} {item.name} on array {item.array_name}"


def _window(facts: WindowFacts | None) -> Iterator[str]:
    if facts is None:
        yield "  no window was opened"
        return
    yield f"  shadow copy set {facts.set_id}, freeze asked {_local(facts.freeze_asked.wall)}"
    if facts.release is not None:
        who = "writers" if facts.selected else f"{facts.release.file_systems} file systems"
        yield (
            f"  by the host's clock: {who} frozen {facts.release.frozen_s:.3f} s, writes held "
            f"{facts.release.hold_s:.3f} s, hold ended by {facts.release.hold_ended_by}"
        )
    for cut in facts.cuts:
        asked, acknowledged = (_since(facts.freeze_asked, at) for at in (cut.asked_at, cut.acknowledged_at))
        yield (
            f"  array {cut.array_name}: {len(cut.listed)} of {len(cut.planned)} cut, "
            f"asked {asked}, acknowledged {acknowledged}"
        )


def _since(start: Reading, at: Reading | None) -> str:
    return "never" if at is None else f"{start.elapsed_s(at):+.3f} s"


def _replicas(replicas: tuple[Replica, ...]) -> Iterator[str]:
    for each in replicas:
        yield f"  replica {each.replica_name} of {each.source_volume_id} on array {each.array_id}"


def _local(at: datetime) -> str:
    return at.astimezone().isoformat(sep=" ", timespec="milliseconds")


def _printable(line: str) -> str:
    """Take away what could move a terminal's cursor or colour a lie: a record may come from anyone."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)
