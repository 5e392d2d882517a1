from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from orchestrator.model.facts import CutFacts, WindowFacts
from tests.facts import judged, ours, sound_facts, the_hosts, with_cut
from tests.orchestrator.policy.spoil import (
    both,
    cut_later_by,
    cut_with,
    facts_with,
    release_with,
)

CUT = sound_facts().cuts[1]
CUT_TIME = "proof.cut-time-contradicts"


def long_window(cut: CutFacts) -> WindowFacts:
    """Return a sound window of 3 s with this cut in it, so that a cut time can be well inside."""
    spoil = both(
        facts_with(release_sent=ours(3.8), release_seen=ours(4.1)),
        release_with(released_at=the_hosts(3.9), hold_s=3.2, thawed_at=the_hosts(4.0), frozen_s=3.7),
    )
    return with_cut(spoil(sound_facts()), 1, cut)


def test_a_coarse_clock_is_inconclusive_and_says_so() -> None:
    findings = judged(cut_with(precision_s=1.0)(sound_facts()))
    assert [(one.code, one.fatal) for one in findings] == [("proof.cut-time-inconclusive", False)]


def test_the_same_coarse_clock_can_tell_in_a_longer_window() -> None:
    cut_at = ours(2.3).wall + timedelta(seconds=CUT.clock.offset_s)
    listed = tuple(replace(member, cut_at=cut_at) for member in CUT.listed)
    assert judged(long_window(replace(CUT, listed=listed, precision_s=1.0))) == ()


def test_a_cut_time_on_the_edge_is_inconclusive_even_to_a_perfect_clock() -> None:
    cut_at = ours(0.8).wall + timedelta(seconds=CUT.clock.offset_s)
    listed = tuple(replace(member, cut_at=cut_at) for member in CUT.listed)
    cut = replace(CUT, listed=listed, precision_s=0.0, clock=replace(CUT.clock, error_s=0.0))
    assert {one.code for one in judged(with_cut(sound_facts(), 1, cut))} == {"proof.cut-time-inconclusive"}


def test_a_coarse_clock_can_still_contradict() -> None:
    spoil = both(cut_with(precision_s=1.0), cut_later_by(-1.2))
    assert {one.code for one in judged(spoil(sound_facts()))} == {CUT_TIME}
