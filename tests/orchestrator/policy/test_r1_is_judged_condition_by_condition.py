"""Each row spoils one thing in a window that went well; exactly the condition that it breaks must object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from math import inf, nan
from typing import Any

import pytest

from orchestrator.model.budgets import Budgets
from orchestrator.model.facts import CutFacts, MapRow, WindowFacts
from orchestrator.model.hosts import HoldEnd, WriterReport, WriterState
from orchestrator.model.time import ClockOffset, Reading
from orchestrator.policy.proof import judge
from tests.facts import SESSION_ID, ours, sound_facts, the_hosts, with_cut

Spoil = Callable[[WindowFacts], WindowFacts]


def facts_with(**changes: Any) -> Spoil:
    return lambda facts: replace(facts, **changes)


def cut_with(**changes: Any) -> Spoil:
    return lambda facts: with_cut(facts, 1, replace(facts.cuts[1], **changes))


def freeze_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.freeze is not None
        return replace(facts, freeze=replace(facts.freeze, **changes))

    return spoil


def release_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.release is not None
        return replace(facts, release=replace(facts.release, **changes))

    return spoil


def frozen_writer_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.freeze is not None
        first, second = facts.freeze.writers
        return freeze_with(writers=(first, replace(second, **changes)))(facts)

    return spoil


def writer_after_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.writers_after is not None
        first, second = facts.writers_after
        return replace(facts, writers_after=(first, replace(second, **changes)))

    return spoil


def member_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        first, second = facts.cuts[1].listed
        return cut_with(listed=(first, replace(second, **changes)))(facts)

    return spoil


def cut_later_by(seconds: float) -> Spoil:
    """Move one cut's time on the array; in a sound window the cut is 0.1 s after the freeze was seen."""
    return lambda facts: member_with(cut_at=facts.cuts[1].listed[1].cut_at + timedelta(seconds=seconds))(
        facts
    )


def both(*spoils: Spoil) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        for one in spoils:
            facts = one(facts)
        return facts

    return spoil


def wall_only(at: Reading, seconds: float) -> Reading:
    return replace(at, wall=at.wall + timedelta(seconds=seconds))


SOUND = sound_facts()
CUT = SOUND.cuts[1]
STABLE = WriterReport("writer-2", SESSION_ID, WriterState.STABLE)
FROZEN = "proof.writer-not-frozen"
ACKNOWLEDGED = "proof.cut-not-acknowledged"
OURS = "proof.hold-not-ours"
BUDGET = "proof.window-over-budget"
CLOCKS = "proof.clocks-disagree"
FINISHED = "proof.set-not-finished"
LOST = "proof.writer-lost"
MEMBERS = "proof.members-differ"
CUT_TIME = "proof.cut-time-contradicts"
MAP = "proof.map-changed"
IMPOSSIBLE = "proof.facts-impossible"

CASES: dict[str, tuple[str, Spoil]] = {
    "a: no freeze was reported": (FROZEN, facts_with(freeze=None)),
    "a: the report never reached us": (FROZEN, facts_with(freeze_seen=None)),
    "a: nobody was selected": (FROZEN, facts_with(selected=())),
    "a: a writer had not frozen": (FROZEN, frozen_writer_with(state=WriterState.WAITING_FOR_FREEZE)),
    "a: a writer's state was not known": (FROZEN, frozen_writer_with(state=WriterState.UNKNOWN)),
    "a: a writer failed": (FROZEN, frozen_writer_with(failure=0x800423F2 - 2**32)),
    "a: a component failed": (FROZEN, frozen_writer_with(component_failures=("DB02",))),
    "a: another session's writer froze": (FROZEN, frozen_writer_with(session_id="session-0")),
    "a: another instance froze": (FROZEN, frozen_writer_with(instance_id="writer-3")),
    "a: one writer is missing": (
        FROZEN,
        freeze_with(writers=SOUND.freeze.writers[:1] if SOUND.freeze else ()),
    ),
    "a: asked to cut before frozen": (FROZEN, cut_with(asked_at=ours(0.79))),
    "a: asked to cut before frozen, by the wall clock": (
        FROZEN,
        cut_with(asked_at=wall_only(ours(0.8), -0.01)),
    ),
    "b: no cut": (ACKNOWLEDGED, facts_with(cuts=())),
    "b: a cut was never asked for": (ACKNOWLEDGED, cut_with(asked_at=None)),
    "b: a cut was never acknowledged": (ACKNOWLEDGED, cut_with(acknowledged_at=None)),
    "b: acknowledged after release": (ACKNOWLEDGED, cut_with(acknowledged_at=ours(1.01))),
    "b: acknowledged at the release": (ACKNOWLEDGED, cut_with(acknowledged_at=ours(1.0))),
    "b: acknowledged after release, by the wall clock": (
        ACKNOWLEDGED,
        cut_with(acknowledged_at=wall_only(ours(0.97), 0.04)),
    ),
    "c: release was never sent": (OURS, facts_with(release_sent=None)),
    "c: the host said nothing of the release": (OURS, facts_with(release=None)),
    "c: its word never reached us": (OURS, facts_with(release_seen=None)),
    **{
        f"c: ended by {end}": (OURS, release_with(hold_ended_by=end))
        for end in HoldEnd
        if end is not HoldEnd.RELEASE
    },
    "c: the host's hold took too long": (BUDGET, release_with(hold_s=6.01)),
    "c: the host's freeze took too long": (BUDGET, release_with(frozen_s=15.01)),
    "c: the host's clock says the hold took too long": (BUDGET, facts_with(budgets=Budgets(hold_s=0.39))),
    "c: the host's clock says the freeze took too long": (BUDGET, facts_with(budgets=Budgets(freeze_s=1.2))),
    "c: the arrays took too long": (BUDGET, facts_with(budgets=Budgets(commit_s=0.16))),
    "c: our wall clock was set during the window": (
        CLOCKS,
        facts_with(release_seen=wall_only(ours(1.3), 0.6)),
    ),
    "c: our wall clock was set and set back": (
        CLOCKS,
        both(
            facts_with(release_sent=wall_only(ours(1.0), 0.6), release_seen=ours(1.9)),
            release_with(released_at=the_hosts(1.3), hold_s=0.6, thawed_at=the_hosts(1.4), frozen_s=1.1),
        ),
    ),
    "c: the host's wall clock was set": (CLOCKS, release_with(thawed_at=wall_only(the_hosts(1.2), 0.6))),
    "c: the host's hold is not what its clock says": (CLOCKS, release_with(hold_s=0.91)),
    "c: the host's freeze is not what its clock says": (CLOCKS, release_with(frozen_s=1.5)),
    "c: we were paused": (
        CLOCKS,
        release_with(released_at=the_hosts(3.0), hold_s=2.3, thawed_at=the_hosts(3.1), frozen_s=2.8),
    ),
    "c: the host speaks of another time": (CLOCKS, facts_with(host_clock=ClockOffset(3.0, 0.005))),
    "d: the set is only under way": (FINISHED, release_with(set_status=0x00042309)),
    "d: the set failed": (FINISHED, release_with(set_status=0x80042314 - 2**32)),
    "d: a plain success is not the set's": (FINISHED, release_with(set_status=0)),
    "e: nobody was asked": (LOST, facts_with(writers_after=None)),
    "e: the writers are gone": (LOST, facts_with(writers_after=())),
    "e: a writer restarted": (LOST, writer_after_with(instance_id="writer-3")),
    "e: the session restarted": (LOST, writer_after_with(session_id="session-2")),
    "e: a writer failed": (LOST, writer_after_with(failure=1)),
    "e: a component failed": (LOST, writer_after_with(component_failures=("DB02",))),
    "e: a writer appears twice": (LOST, facts_with(writers_after=(*(SOUND.writers_after or ()), STABLE))),
    **{
        f"e: a writer is {state.name}": (LOST, writer_after_with(state=state))
        for state in WriterState
        if state is not WriterState.WAITING_FOR_BACKUP_COMPLETE
    },
    "f: a member is missing": (MEMBERS, cut_with(listed=CUT.listed[:1])),
    "f: nothing is listed": (MEMBERS, cut_with(listed=())),
    "f: one member too many": (
        MEMBERS,
        cut_with(listed=(*CUT.listed, replace(CUT.listed[0], source_volume_id="foreign", replica_id="r3"))),
    ),
    "f: a member is listed twice": (
        MEMBERS,
        cut_with(listed=(*CUT.listed, replace(CUT.listed[0], replica_id="r3"))),
    ),
    "f: a foreign member in place of ours": (MEMBERS, member_with(source_volume_id="foreign")),
    "f: a member is partial": (MEMBERS, member_with(partial=True)),
    "f: two members are one replica": (MEMBERS, member_with(replica_id=CUT.listed[0].replica_id)),
    "f: cut before the freeze": (CUT_TIME, cut_later_by(-0.12)),
    "f: cut after the release": (CUT_TIME, cut_later_by(0.12)),
    "g: no map before": (MAP, facts_with(map_before=(), map_after=())),
    "g: no map after": (MAP, facts_with(map_after=None)),
    "g: a file moved": (
        MAP,
        facts_with(map_after=(replace(SOUND.map_before[0], file="F:\\"), *SOUND.map_before[1:])),
    ),
    "g: a row vanished": (MAP, facts_with(map_after=SOUND.map_before[1:])),
    "g: a row appeared": (MAP, facts_with(map_after=(*SOUND.map_before, MapRow("x", "x", "x", "x", "x")))),
    "g: what was cut is not on the map": (
        MAP,
        facts_with(map_before=SOUND.map_before[1:], map_after=SOUND.map_before[1:]),
    ),
    "g: what is on the map was not cut": (MAP, facts_with(cuts=SOUND.cuts[:1])),
}

NONSENSE: dict[str, Spoil] = {
    "no session id": both(facts_with(session_id=""), frozen_writer_with(session_id="")),
    "no set id": facts_with(set_id=""),
    "a budget wider than the product's": facts_with(budgets=Budgets(hold_s=6.5)),
    "a budget of nothing": facts_with(budgets=Budgets(clock_disagreement_s=0.0)),
    "a budget that is no number": facts_with(budgets=Budgets(freeze_s=nan)),
    "a negative hold": release_with(hold_s=-0.1),
    "a hold that is no number": release_with(hold_s=nan),
    "a freeze without end": release_with(frozen_s=inf),
    "a negative error of a clock": cut_with(clock=ClockOffset(0.75, -1.0)),
    "an offset that is no number": cut_with(clock=ClockOffset(nan, 0.0)),
    "a host clock without end": facts_with(host_clock=ClockOffset(inf, 0.0)),
    "a grain that is no number": cut_with(precision_s=nan),
    "a monotonic clock that is no number": facts_with(freeze_seen=replace(ours(0.8), monotonic_s=nan)),
    "a wall clock without a zone": cut_with(
        asked_at=replace(ours(0.82), wall=ours(0.82).wall.replace(tzinfo=None))
    ),
    "a cut time without a zone": member_with(cut_at=CUT.listed[1].cut_at.replace(tzinfo=None)),
    "seen frozen before asked": facts_with(freeze_asked=ours(0.85)),
    "acknowledged before asked": cut_with(acknowledged_at=ours(0.815)),
    "acknowledged before asked, by the wall clock": cut_with(acknowledged_at=wall_only(ours(0.97), -0.2)),
    "released before sent": facts_with(release_seen=ours(0.99)),
    "thawed before released": release_with(thawed_at=the_hosts(1.05)),
    "released before held": release_with(released_at=the_hosts(0.6)),
    "held before frozen": freeze_with(frozen_at=the_hosts(0.75)),
}


def test_a_sound_window_is_proven_without_a_remark() -> None:
    assert judge(sound_facts()) == ()


@pytest.mark.parametrize(("code", "spoil"), CASES.values(), ids=CASES.keys())
def test_one_broken_condition_is_fatal_under_its_own_code(code: str, spoil: Spoil) -> None:
    findings = judge(spoil(sound_facts()))
    assert {finding.code for finding in findings if finding.fatal} == {code}
    assert all(finding.text and finding.subject for finding in findings)


@pytest.mark.parametrize("spoil", NONSENSE.values(), ids=NONSENSE.keys())
def test_facts_that_cannot_be_are_fatal_and_judged_no_further(spoil: Spoil) -> None:
    findings = judge(spoil(sound_facts()))
    assert {finding.code for finding in findings} == {IMPOSSIBLE}
    assert all(finding.fatal for finding in findings)


def test_all_broken_conditions_are_named_at_once() -> None:
    spoil = both(
        frozen_writer_with(state=WriterState.UNKNOWN),
        cut_with(acknowledged_at=None),
        release_with(hold_ended_by=HoldEnd.HOLD_LIMIT, set_status=0),
        facts_with(writers_after=(), map_after=None),
        member_with(partial=True),
    )
    codes = {finding.code for finding in judge(spoil(sound_facts()))}
    assert codes == {FROZEN, ACKNOWLEDGED, OURS, FINISHED, LOST, MEMBERS, MAP}


def test_a_window_that_never_began_is_not_proven() -> None:
    spoil = facts_with(
        freeze=None,
        freeze_seen=None,
        cuts=(),
        release_sent=None,
        release=None,
        release_seen=None,
        writers_after=None,
    )
    assert {FROZEN, ACKNOWLEDGED, OURS, LOST} <= {finding.code for finding in judge(spoil(sound_facts()))}


def long_window(cut: CutFacts) -> WindowFacts:
    """Return a sound window of 3 s with this cut in it, so that a cut time can be well inside."""
    spoil = both(
        facts_with(release_sent=ours(3.8), release_seen=ours(4.1)),
        release_with(released_at=the_hosts(3.9), hold_s=3.2, thawed_at=the_hosts(4.0), frozen_s=3.7),
    )
    return with_cut(spoil(sound_facts()), 1, cut)


def test_a_coarse_clock_is_inconclusive_and_says_so() -> None:
    findings = judge(cut_with(precision_s=1.0)(sound_facts()))
    assert [(one.code, one.fatal) for one in findings] == [("proof.cut-time-inconclusive", False)]


def test_the_same_coarse_clock_can_tell_in_a_longer_window() -> None:
    cut_at = ours(2.3).wall + timedelta(seconds=CUT.clock.offset_s)
    listed = tuple(replace(member, cut_at=cut_at) for member in CUT.listed)
    assert judge(long_window(replace(CUT, listed=listed, precision_s=1.0))) == ()


def test_a_cut_time_on_the_edge_is_inconclusive_even_to_a_perfect_clock() -> None:
    cut_at = ours(0.8).wall + timedelta(seconds=CUT.clock.offset_s)
    listed = tuple(replace(member, cut_at=cut_at) for member in CUT.listed)
    cut = replace(CUT, listed=listed, precision_s=0.0, clock=replace(CUT.clock, error_s=0.0))
    assert {one.code for one in judge(with_cut(sound_facts(), 1, cut))} == {"proof.cut-time-inconclusive"}


def test_a_coarse_clock_still_contradicts_what_is_outside_even_so() -> None:
    spoil = both(cut_with(precision_s=1.0), cut_later_by(-1.2))
    assert {one.code for one in judge(spoil(sound_facts()))} == {CUT_TIME, "proof.cut-time-inconclusive"} - {
        "proof.cut-time-inconclusive"
    }
