"""A freeze window drawn as text: who waited for what, and what was left of each budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.model.facts import CutFacts, WindowFacts
from orchestrator.model.time import Reading

WIDTH = 48


class Span(NamedTuple):
    """One bar: a label and two instants in seconds since the freeze was asked for."""

    label: str
    start_s: float
    end_s: float


def spans_of(facts: WindowFacts) -> list[Span]:
    """Return the bars of a window in the order in which they began; what did not end inside has no bar."""
    return list(_spans(facts))


def _spans(facts: WindowFacts) -> Iterator[Span]:
    def at(reading: Reading) -> float:
        return reading.monotonic_s - facts.freeze_asked.monotonic_s

    if facts.freeze_seen is not None:
        yield Span("writers freeze", 0.0, at(facts.freeze_seen))
        if facts.release_sent is not None:
            yield Span("writes held", at(facts.freeze_seen), at(facts.release_sent))
    for cut in facts.cuts:
        if cut.asked_at is not None and cut.acknowledged_at is not None and not _answered_late(cut, facts):
            yield Span(f"cut on {cut.array_name}", at(cut.asked_at), at(cut.acknowledged_at))
    if facts.release_sent is not None and facts.release_seen is not None:
        yield Span("thaw", at(facts.release_sent), at(facts.release_seen))


def _answered_late(cut: CutFacts, facts: WindowFacts) -> bool:
    """Tell whether a cut's own answer came only after the window."""
    answer, release = cut.acknowledged_at, facts.release_sent
    return answer is not None and release is not None and answer.monotonic_s > release.monotonic_s


def budget_left(facts: WindowFacts) -> dict[str, float]:
    """Return the seconds that were left of each budget."""
    spans = {span.label: span.end_s - span.start_s for span in spans_of(facts)}
    budgets = facts.budgets
    left = {"freeze": budgets.freeze_s - max((span.end_s for span in spans_of(facts)), default=0.0)}
    if "writes held" in spans:
        cuts = [seconds for label, seconds in spans.items() if label.startswith("cut on")]
        left["commit"] = budgets.commit_s - max(cuts) if cuts and len(cuts) == len(facts.cuts) else 0.0
        left["hold"] = budgets.hold_s - (facts.release.hold_s if facts.release else spans["writes held"])
    return left


def draw(facts: WindowFacts) -> str:
    """Return the window as lines of text, about 80 columns wide."""
    spans = spans_of(facts)
    total_s = max((span.end_s for span in spans), default=0.0)
    if total_s <= 0:
        return "the window never opened"
    lines = [f"freeze window: {total_s * 1000:.0f} ms"]
    label_width = max(len(span.label) for span in spans)
    for span in spans:
        start = round(span.start_s / total_s * WIDTH)
        length = max(1, round((span.end_s - span.start_s) / total_s * WIDTH))
        bar = (" " * min(start, WIDTH - 1) + "#" * length).ljust(WIDTH)[:WIDTH]
        lines.append(f"  {span.label:<{label_width}} |{bar}| {(span.end_s - span.start_s) * 1000:7.1f} ms")
    for cut in facts.cuts:
        if _answered_late(cut, facts):
            lines.append(f"  cut on {cut.array_name}: answered after the release")
        elif cut.asked_at is not None and cut.acknowledged_at is None:
            lines.append(f"  cut on {cut.array_name}: no answer")
    left = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in sorted(budget_left(facts).items()))
    return "\n".join([*lines, f"  budget left: {left}"])
