"""Whether a record's claim follows from the facts in it. The stored grade is never believed (R7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from orchestrator.errors import EvidenceError
from orchestrator.evidence.records import (
    NO_PREVIOUS,
    Aborted,
    Ceiling,
    Claim,
    Link,
    Origin,
    Proof,
    Record,
    Refusal,
    Reply,
    Verification,
    WritersAnswer,
    replicas_of,
)
from orchestrator.model.arrays import ArrayIdentity
from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.hosts import HostIdentity
from orchestrator.model.verification import Severity, Verdict
from orchestrator.policy.proof import judge

_SHA256: Final = re.compile("[0-9a-f]{64}")


def proof_of(
    facts: WindowFacts,
    *,
    grade: Grade,
    host: tuple[str, HostIdentity],
    arrays: Iterable[ArrayIdentity],
    ceilings: Mapping[str, Grade],
) -> Proof:
    """Return the claim that a window made a set of some grade. It is judged when it is signed.

    Args:
        facts: of the window.
        grade: what the set is to be called.
        host: whose writers were frozen: name as registered, identity.
        arrays: at least those that cut, in any order.
        ceilings: the best grade of the host and of each array, by registered name.
    """
    by_id = {array.array_id: array for array in arrays}
    host_name, identity = host
    return Proof(
        grade=grade,
        ceilings=tuple(
            Ceiling(name, ceilings[name]) for name in (host_name, *(cut.array_name for cut in facts.cuts))
        ),
        host=identity,
        arrays=tuple(by_id[cut.array_id] for cut in facts.cuts),
        replicas=replicas_of(facts),
        facts=facts,
        findings=judge(facts, grade),
    )


def check_claim(record: Record[Claim]) -> None:
    """Pass when everything that a record claims follows from the facts in it.

    Raises:
        EvidenceError: `evidence.claim-not-supported`.
    """
    _check_place(record.origin, record.link)
    match record.claim:
        case Proof() as proof:
            _check_judgement(proof)
            _check_identities(proof, record.origin)
        case WritersAnswer() as answer:
            _check_answer(answer)
        case Verification() as verification:
            _check_verification(verification)
        case Refusal(reasons=reasons):
            _require(bool(reasons), "it gives no reason")
        case Aborted(status=status, in_doubt=in_doubt):
            _require(
                status is RunStatus.IN_DOUBT or (status is RunStatus.ABORTED and not in_doubt),
                f"a run with such an end is not {status}",
            )


def _check_place(origin: Origin, link: Link) -> None:
    _require(origin.attempt >= 1 and link.sequence >= 1, "attempts and records are counted from 1")
    _require(_SHA256.fullmatch(link.previous) is not None, "it does not say which record is before it")
    _require(
        (link.sequence == 1) == (link.previous == NO_PREVIOUS), "only the first record has none before it"
    )


def _check_judgement(proof: Proof) -> None:
    findings = judge(proof.facts, proof.grade)
    fatal = [f"{each.code} ({each.subject}): {each.text}" for each in findings if each.fatal]
    _require(not fatal, "; ".join(fatal))
    # A later version may word a finding differently; what was found, and of what, stays.
    _require(
        [(each.code, each.subject, each.fatal) for each in proof.findings]
        == [(each.code, each.subject, each.fatal) for each in findings],
        "its findings are not those that follow from its facts",
    )
    low = [each.name for each in proof.ceilings if not each.grade.reaches(proof.grade)]
    _require(not low, f"{proof.grade} is out of reach of {', '.join(low)}")


def _check_answer(answer: WritersAnswer) -> None:
    _require(_SHA256.fullmatch(answer.proof) is not None and bool(answer.replicas), "it names no proven set")
    _require(
        (answer.reply is Reply.ANSWERED) == (answer.cause == ""),
        "whether they answered contradicts its cause",
    )
    heard = answer.reply in (Reply.ANSWERED, Reply.FAILED)
    _require(not answer.logs or heard, "logs are told of without an answer")
    for each in answer.logs:
        truncated = each.before.lowest != each.after.lowest
        _require(
            truncated == (each.kept is None), f"what became of {each.before.caption}'s logs is told two ways"
        )


def _check_verification(verification: Verification) -> None:
    """The verdict is never believed: it has to follow from the components, and theirs from the findings."""
    _require(_SHA256.fullmatch(verification.proof) is not None, "it names no proof")
    known = {(replica.array_id, replica.replica_id) for replica in verification.replicas}
    read = [(clone.array_id, clone.replica_id) for clone in verification.clones]
    _require(bool(read) and set(read) <= known, "it read clones of other replicas")
    _require(verification.started_at <= verification.ended_at, "it ended before it started")
    _require(bool(verification.components), "it speaks of no component")
    verdicts = [each.verdict for each in verification.components]
    _require(
        verification.verdict is Verdict.worst(verdicts), "its verdict is not that of the worst component"
    )
    for component in verification.components:
        errors = [each for each in component.findings if each.severity is Severity.ERROR]
        _require(
            (component.verifier == "") == (component.verdict is Verdict.NO_VERIFIER),
            f"{component.caption} was judged by nobody, or by somebody who is not named",
        )
        _require(
            bool(errors) == component.verdict.failed or component.verdict is Verdict.NOT_VERIFIABLE,
            f"{component.caption} is called {component.verdict}, which its findings contradict",
        )


def _check_identities(proof: Proof, origin: Origin) -> None:
    cuts = proof.facts.cuts
    _require(proof.replicas == replicas_of(proof.facts), "its replicas are not those of its cuts")
    _require(
        [array.array_id for array in proof.arrays] == [cut.array_id for cut in cuts],
        "its arrays are not those of its cuts",
    )
    _require(
        [each.name for each in proof.ceilings] == [origin.host, *(cut.array_name for cut in cuts)],
        "its ceilings are not those of its host and arrays",
    )
    _require(
        origin.emulated == (proof.host.emulated or any(array.emulated for array in proof.arrays)),
        "what it says about emulation contradicts its host and arrays",
    )


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise EvidenceError("evidence.claim-not-supported", otherwise)
