"""What no window can look like, whatever happened in it: times and figures that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from itertools import pairwise
from math import isfinite

from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.model.facts import WindowFacts
from orchestrator.model.time import Reading
from orchestrator.policy.reasons import Finding


def impossible(facts: WindowFacts) -> Iterator[Finding]:
    """Find times that are none, figures that are none, and time that runs backwards."""
    problems = [*_without_name(facts), *_budgets(facts.budgets), *_figures(facts), *_times(facts)]
    problems = problems or [*_backwards(facts)]  # comparable only when all of them are times
    for subject, text in problems:
        yield Finding("proof.facts-impossible", subject, text)


def our_order(facts: WindowFacts) -> Iterator[tuple[str, tuple[Reading | None, ...]]]:
    """Yield what our own clocks saw, in chains whose order only a broken clock could change."""
    yield "freeze", (facts.freeze_asked, facts.freeze_seen)
    yield "release", (facts.release_sent, facts.release_seen)
    for cut in facts.cuts:
        yield cut.array_name, (cut.asked_at, cut.acknowledged_at)


def host_order(facts: WindowFacts) -> tuple[Reading, ...]:
    """Return what the host's clocks said, in the order in which it must have happened."""
    held = () if facts.freeze is None else (facts.freeze.frozen_at, facts.freeze.held_at)
    released = () if facts.release is None else (facts.release.released_at, facts.release.thawed_at)
    return (*held, *released)


def _without_name(facts: WindowFacts) -> Iterator[tuple[str, str]]:
    if not facts.set_id or not facts.session_id:
        yield "set", "It has no set id or no session id."


def _budgets(budgets: Budgets) -> Iterator[tuple[str, str]]:
    for field in fields(Budgets):
        value, limit = getattr(budgets, field.name), getattr(DEFAULT_BUDGETS, field.name)
        if not 0 < value <= limit:
            yield f"budget {field.name}", f"{value!r} is not between 0 and {limit:g} s."


def _figures(facts: WindowFacts) -> Iterator[tuple[str, str]]:
    lengths = [
        (cut.array_name, figure) for cut in facts.cuts for figure in (cut.clock.error_s, cut.precision_s)
    ]
    lengths.append(("host clock", facts.host_clock.error_s))
    if facts.release is not None:
        lengths += [("hold", facts.release.hold_s), ("freeze", facts.release.frozen_s)]
    offsets = [(cut.array_name, cut.clock.offset_s) for cut in facts.cuts]
    offsets.append(("host clock", facts.host_clock.offset_s))
    for subject, figure in lengths:
        if not (isfinite(figure) and figure >= 0):
            yield subject, f"{figure!r} is not a length of time."
    for subject, figure in offsets:
        if not isfinite(figure):
            yield subject, f"{figure!r} is not an offset."


def _times(facts: WindowFacts) -> Iterator[tuple[str, str]]:
    readings = [(name, one) for name, chain in our_order(facts) for one in chain if one is not None]
    readings += [("host", one) for one in host_order(facts)]
    for subject, reading in readings:
        if not isfinite(reading.monotonic_s) or not _is_utc(reading.wall):
            yield subject, f"{reading.wall} / {reading.monotonic_s!r} is not a reading of two clocks."
    for cut in facts.cuts:
        for member in cut.listed:
            if not _is_utc(member.cut_at):
                yield cut.array_name, f"{member.cut_at} of {member.replica_name} is not a time in UTC."


def _is_utc(at: datetime) -> bool:
    return at.utcoffset() == timedelta(0)


def _backwards(facts: WindowFacts) -> Iterator[tuple[str, str]]:
    for subject, chain in (*our_order(facts), ("host", host_order(facts))):
        present = [reading for reading in chain if reading is not None]
        for earlier, later in pairwise(present):
            if not earlier.not_after(later):
                yield subject, f"{later.wall} comes before {earlier.wall}, on one clock at least."
