"""R1(c): our release ended the hold, in time, and every clock agrees about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.model.facts import WindowFacts
from orchestrator.model.hosts import FreezeReport, HoldEnd, ReleaseReport
from orchestrator.model.time import Reading
from orchestrator.policy.proof_sanity import host_order, our_order
from orchestrator.policy.reasons import Finding


@dataclass(frozen=True, slots=True)
class _Window:
    """A window of which nothing is missing."""

    facts: WindowFacts
    freeze: FreezeReport
    freeze_seen: Reading
    release_sent: Reading
    release: ReleaseReport
    release_seen: Reading


def _whole(facts: WindowFacts) -> _Window | None:
    if (
        facts.freeze is None
        or facts.freeze_seen is None
        or facts.release_sent is None
        or facts.release is None
        or facts.release_seen is None
    ):
        return None
    return _Window(
        facts, facts.freeze, facts.freeze_seen, facts.release_sent, facts.release, facts.release_seen
    )


def hold_was_ours(facts: WindowFacts) -> Iterator[Finding]:
    """(c) The host states that our release and nothing else ended the hold."""
    if facts.release_sent is None or facts.release is None or facts.release_seen is None:
        text = "There is no release of ours that the host has reported on."
        yield Finding("proof.hold-not-ours", facts.set_id, text)
        return
    if facts.release.hold_ended_by is not HoldEnd.RELEASE:
        yield Finding("proof.hold-not-ours", facts.set_id, f"It was ended by {facts.release.hold_ended_by}.")
    window = _whole(facts)
    if window is None:
        return
    # The hold began before we saw it and ended after we let go: a shorter one cannot have been this one.
    ours_s = _monotonic_s(window.freeze_seen, window.release_sent)
    if window.release.hold_s < ours_s - facts.budgets.clock_disagreement_s:
        text = (
            f"Writes were held for {window.release.hold_s:g} s; from report to release it took {ours_s:g} s."
        )
        yield Finding("proof.hold-not-ours", facts.set_id, text)


def inside_budgets(facts: WindowFacts) -> Iterator[Finding]:
    """(c) Commit, hold and freeze were inside their budgets, on the host's clocks and on ours."""
    window = _whole(facts)
    if window is None:
        return
    budgets, freeze, release = facts.budgets, window.freeze, window.release
    answers = [cut.acknowledged_at for cut in facts.cuts if cut.acknowledged_at is not None]
    spans = (
        ("commit", budgets.commit_s, [window.freeze_seen.elapsed_s(answer) for answer in answers]),
        ("hold", budgets.hold_s, [window.freeze_seen.elapsed_s(window.release_sent)]),
        ("freeze", budgets.freeze_s, [facts.freeze_asked.elapsed_s(window.release_seen)]),
        ("the host's hold", budgets.hold_s, [release.hold_s, freeze.held_at.elapsed_s(release.released_at)]),
        (
            "the host's freeze",
            budgets.freeze_s,
            [release.frozen_s, freeze.frozen_at.elapsed_s(release.thawed_at)],
        ),
    )
    for name, budget_s, lasted in spans:
        longest_s = max(lasted, default=0.0)
        if not longest_s <= budget_s:
            text = f"{longest_s:g} s; the budget is {budget_s:g} s."
            yield Finding("proof.window-over-budget", name, text)


def clocks_agree(facts: WindowFacts) -> Iterator[Finding]:
    """(c) No machine was paused and no clock set: every clock tells of the same window."""
    window = _whole(facts)
    if window is None:
        return
    freeze, release = window.freeze, window.release
    ours = [reading for _, chain in our_order(facts) for reading in chain if reading is not None]
    held_s = _monotonic_s(freeze.held_at, release.released_at)
    frozen_s = _monotonic_s(freeze.frozen_at, release.thawed_at)
    spans = (
        ("our wall clock and our monotonic clock", _spread_s(ours)),
        ("the host's wall clock and its monotonic clock", _spread_s(host_order(facts))),
        ("the host's hold and its own clock", abs(release.hold_s - held_s)),
        ("the host's freeze and its own clock", abs(release.frozen_s - frozen_s)),
        # A paused machine stops both of our clocks, but not the host's.
        (
            "the host's freeze and our wait for it",
            frozen_s - _monotonic_s(facts.freeze_asked, window.release_seen),
        ),
        ("the host's wall clock and ours", _misfit_s(window) - facts.host_clock.error_s),
    )
    limit_s = facts.budgets.clock_disagreement_s
    for name, apart_s in spans:
        if not apart_s <= limit_s:
            yield Finding("proof.clocks-disagree", name, f"{apart_s:g} s apart; {limit_s:g} s are allowed.")


def _monotonic_s(earlier: Reading, later: Reading) -> float:
    return later.monotonic_s - earlier.monotonic_s


def _wall_s(earlier: Reading, later: Reading) -> float:
    return (later.wall - earlier.wall).total_seconds()


def _spread_s(readings: Sequence[Reading]) -> float:
    """Return how far two clocks moved against each other, at the most, over some readings of both."""
    first = readings[0]
    drift = [_wall_s(first, one) - _monotonic_s(first, one) for one in readings]
    return max(drift) - min(drift)


def _misfit_s(window: _Window) -> float:
    """Return by how much the host's wall times lie outside our requests and their answers."""
    offset_s = window.facts.host_clock.offset_s
    return max(
        offset_s - _wall_s(window.facts.freeze_asked, window.freeze.frozen_at),
        _wall_s(window.freeze_seen, window.freeze.held_at) - offset_s,
        offset_s - _wall_s(window.release_sent, window.release.released_at),
        _wall_s(window.release_seen, window.release.thawed_at) - offset_s,
    )
