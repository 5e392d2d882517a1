"""R1(f) and (g): what was cut is what was planned, at the time it should have been, and lies where it lay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.model.facts import CutFacts, WindowFacts
from orchestrator.model.time import Reading
from orchestrator.policy.reasons import Finding


def listed_exactly_as_planned(facts: WindowFacts) -> Iterator[Finding]:
    """(f) Each array lists exactly the planned members, whole, cut inside the frozen interval."""
    for cut in facts.cuts:
        for problem in _member_problems(cut):
            yield Finding("proof.members-differ", cut.array_name, problem)
        if facts.freeze_seen is not None and facts.release_sent is not None:
            yield from _cut_times(cut, facts.freeze_seen, facts.release_sent)


def map_stayed(facts: WindowFacts) -> Iterator[Finding]:
    """(g) The map was the same before and after, and names what was cut, no more and no less."""
    mapped = {(row.array_id, row.volume_id) for row in facts.map_before}
    planned = {(cut.array_id, volume_id) for cut in facts.cuts for volume_id in cut.planned}
    if not mapped:
        problem = "No map was read before the freeze."
    elif facts.map_after is None:
        problem = "No map could be read after the thaw."
    elif moved := set(facts.map_before) ^ set(facts.map_after):
        problem = f"It changed for {', '.join(sorted({row.file for row in moved}))}."
    elif facts.cuts and mapped != planned:  # no cut at all is found by (b)
        problem = f"It and the cuts differ in {', '.join(sorted(volume for _, volume in mapped ^ planned))}."
    else:
        return
    yield Finding("proof.map-changed", "map", problem)


def _member_problems(cut: CutFacts) -> Iterator[str]:
    planned = Counter(cut.planned)
    listed = Counter(member.source_volume_id for member in cut.listed)
    if not planned:
        yield "No member was planned."
    if missing := planned - listed:
        yield f"Not cut: {', '.join(sorted(missing.elements()))}."
    if foreign := listed - planned:
        yield f"Cut, but never planned: {', '.join(sorted(foreign.elements()))}."
    if partial := sorted(member.replica_name for member in cut.listed if member.partial):
        yield f"Partial: {', '.join(partial)}."
    if len({member.replica_id for member in cut.listed}) != len(cut.listed):
        yield "Two members are one replica."


def _cut_times(cut: CutFacts, freeze_seen: Reading, release_sent: Reading) -> Iterator[Finding]:
    """Compare cut times with the interval in which writers were frozen by all accounts; once an array."""
    slack_s = cut.clock.error_s + cut.precision_s
    since_freeze = [
        (member.cut_at - freeze_seen.wall).total_seconds() - cut.clock.offset_s for member in cut.listed
    ]
    if not since_freeze:
        return
    # How far the earliest and the latest lie inside; negative: outside.
    inside_s = min(
        min(since_freeze), (release_sent.wall - freeze_seen.wall).total_seconds() - max(since_freeze)
    )
    if inside_s < -slack_s:
        text = f"A cut lies {-inside_s:g} s outside the frozen interval; its clock is good to {slack_s:g} s."
        yield Finding("proof.cut-time-contradicts", cut.array_name, text)
    elif inside_s <= slack_s:
        text = f"Its clock is good to {slack_s:g} s only; the frozen interval is too short to tell."
        yield Finding("proof.cut-time-inconclusive", cut.array_name, text, fatal=False)
