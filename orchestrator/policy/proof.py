"""The judge: may this set be called what its run would call it? One rule each, in the order of R1.

Used twice: by the engine on what it saw, and by the verifier on what a record says. Where no writer took
part, what only writers can vouch for is replaced by a count of file systems; such a set is never
writer-verified (R5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, WriterReport, WriterState
from orchestrator.policy.proof_cuts import listed_exactly_as_planned, map_stayed
from orchestrator.policy.proof_file_systems import all_still_frozen, every_file_system_frozen
from orchestrator.policy.proof_sanity import impossible
from orchestrator.policy.proof_window import clocks_agree, hold_was_ours, inside_budgets
from orchestrator.policy.reasons import Finding

Rule = Callable[[WindowFacts], Iterable[Finding]]


def judge(facts: WindowFacts, grade: Grade) -> tuple[Finding, ...]:
    """Return everything that keeps a set from being of a grade; no fatal finding means that it is.

    Facts that cannot be (time running backwards, say) are not judged any further.
    """
    by_count = not facts.selected and grade is not Grade.WRITER_VERIFIED
    rules = RULES_BY_COUNT if by_count else RULES_WITH_WRITERS
    return tuple(impossible(facts)) or tuple(finding for _, rule in rules for finding in rule(facts))


def every_writer_frozen(facts: WindowFacts) -> Iterator[Finding]:
    """(a) Every selected writer reported frozen."""
    if not facts.selected:
        yield _not_frozen(facts.set_id, "No writer was selected.")
    if facts.freeze is not None:
        for name, problem in _unwell(facts, facts.freeze.writers, WriterState.WAITING_FOR_THAW):
            yield _not_frozen(name, problem)


def frozen_before_the_first_cut(facts: WindowFacts) -> Iterator[Finding]:
    """(a) The report of it was there before the first cut was asked for."""
    if facts.freeze is None or facts.freeze_seen is None:
        yield _not_frozen(facts.set_id, "The host never reported that it had frozen.")
        return
    for cut in facts.cuts:
        if cut.asked_at is not None and not facts.freeze_seen.not_after(cut.asked_at):
            yield _not_frozen(cut.array_name, "Its cut was asked for before the freeze was seen.")


def acknowledged_before_release(facts: WindowFacts) -> Iterator[Finding]:
    """(b) Every cut was acknowledged by its own answer before release was sent."""
    if not facts.cuts:
        yield Finding("proof.cut-not-acknowledged", facts.set_id, "No cut was planned.")
    for cut in facts.cuts:
        if cut.asked_at is None:
            problem = "Its cut was never asked for."
        elif cut.acknowledged_at is None:
            problem = "Its own answer to the cut never came."
        elif facts.release_sent is not None and not (
            cut.acknowledged_at.not_after(facts.release_sent)
            and cut.acknowledged_at.monotonic_s < facts.release_sent.monotonic_s
        ):
            problem = "Its answer to the cut had not come when release was sent."
        else:
            continue
        yield Finding("proof.cut-not-acknowledged", cut.array_name, problem)


def set_finished(facts: WindowFacts) -> Iterator[Finding]:
    """(d) The host reports the whole set finished. A missing report is found by (c)."""
    if facts.release is not None and facts.release.set_status != VSS_S_ASYNC_FINISHED:
        text = (
            f"Its status is {facts.release.set_status & 0xFFFFFFFF:#010x}, not {VSS_S_ASYNC_FINISHED:#010x}."
        )
        yield Finding("proof.set-not-finished", facts.set_id, text)


def writers_still_there(facts: WindowFacts) -> Iterator[Finding]:
    """(e) Every selected writer instance is in the same session afterwards, without failure."""
    if facts.writers_after is None:
        yield Finding("proof.writer-lost", facts.set_id, "No writer status was gathered after the thaw.")
        return
    for name, problem in _unwell(facts, facts.writers_after, WriterState.WAITING_FOR_BACKUP_COMPLETE):
        yield Finding("proof.writer-lost", name, problem)


RULES_WITH_WRITERS: Final[tuple[tuple[str, Rule], ...]] = (
    ("a", every_writer_frozen),
    ("a", frozen_before_the_first_cut),
    ("b", acknowledged_before_release),
    ("c", hold_was_ours),
    ("c", inside_budgets),
    ("c", clocks_agree),
    ("d", set_finished),
    ("e", writers_still_there),
    ("f", listed_exactly_as_planned),
    ("g", map_stayed),
)
RULES_BY_COUNT: Final[tuple[tuple[str, Rule], ...]] = (
    ("a", every_file_system_frozen),
    ("a", frozen_before_the_first_cut),
    ("b", acknowledged_before_release),
    ("c", hold_was_ours),
    ("c", all_still_frozen),
    ("c", inside_budgets),
    ("c", clocks_agree),
    ("f", listed_exactly_as_planned),
    ("g", map_stayed),
)


def _unwell(
    facts: WindowFacts, reports: Sequence[WriterReport], expected: WriterState
) -> Iterator[tuple[str, str]]:
    """Name each selected writer instance that is not exactly once in the reports, well and as expected."""
    for writer in facts.selected:
        found = [report for report in reports if report.instance_id == writer.instance_id]
        problem = _problem_of(found, facts.session_id, expected)
        if problem:
            yield f"{writer.name} ({writer.instance_id})", problem


def _problem_of(found: Sequence[WriterReport], session_id: str, expected: WriterState) -> str:
    if len(found) != 1:
        return f"It was reported {len(found)} times instead of once."
    report = found[0]
    if report.session_id != session_id:
        return f"It was reported in session {report.session_id}, not in the set's own, {session_id}."
    if report.failure:
        return f"It failed with {report.failure & 0xFFFFFFFF:#010x}."
    if report.component_failures:
        return f"Components of it failed: {', '.join(report.component_failures)}."
    if report.state is not expected:
        return f"It was {report.state.name}, not {expected.name}."
    return ""


def _not_frozen(subject: str, text: str) -> Finding:
    return Finding("proof.writer-not-frozen", subject, text)
