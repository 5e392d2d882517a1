"""Each row spoils one thing in a window that went well; exactly the condition that it breaks must object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.budgets import Budgets
from orchestrator.model.facts import MapRow
from orchestrator.model.hosts import HoldEnd, WriterReport, WriterState
from orchestrator.model.time import ClockOffset
from orchestrator.policy.proof import RULES_WITH_WRITERS
from tests.facts import HOST_OFFSET_S, SESSION_ID, WRITERS, judged, ours, sound_facts, the_hosts
from tests.orchestrator.policy.spoil import (
    Spoil,
    both,
    cut_later_by,
    cut_with,
    facts_with,
    freeze_with,
    frozen_writer_with,
    member_with,
    release_with,
    wall_only,
    writer_after_with,
)

SOUND = sound_facts()
TIGHT_CLOCKS = facts_with(budgets=Budgets(clock_disagreement_s=0.15))
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
    "c: the host says that the hold took too long": (
        BUDGET,
        both(facts_with(budgets=Budgets(hold_s=0.42)), release_with(hold_s=0.45)),
    ),
    "c: the host says that the freeze took too long": (
        BUDGET,
        both(facts_with(budgets=Budgets(freeze_s=1.35)), release_with(frozen_s=1.36)),
    ),
    "c: the hold took too long by the host's clock": (BUDGET, facts_with(budgets=Budgets(hold_s=0.39))),
    "c: the hold took too long by the host's wall clock": (
        BUDGET,
        both(
            facts_with(budgets=Budgets(hold_s=0.45)),
            release_with(released_at=wall_only(the_hosts(1.1), 0.06)),
        ),
    ),
    "c: the freeze took too long by the host's clock": (
        BUDGET,
        both(
            facts_with(budgets=Budgets(freeze_s=1.32)), release_with(thawed_at=the_hosts(1.65), frozen_s=1.3)
        ),
    ),
    "c: the hold took too long by our clock": (
        BUDGET,
        both(facts_with(budgets=Budgets(hold_s=0.19)), release_with(released_at=the_hosts(0.8), hold_s=0.1)),
    ),
    "c: the freeze took too long by our clock": (BUDGET, facts_with(budgets=Budgets(freeze_s=1.29))),
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
    "c: we were paused, and the host's wall clock is no help": (
        CLOCKS,
        both(
            release_with(released_at=the_hosts(3.0), hold_s=2.3, thawed_at=the_hosts(3.1), frozen_s=2.8),
            facts_with(host_clock=ClockOffset(HOST_OFFSET_S, 10.0)),
        ),
    ),
    "c: our monotonic clock ran ahead": (CLOCKS, facts_with(release_seen=wall_only(ours(1.9), -0.6))),
    "c: the host froze before it was asked": (
        CLOCKS,
        both(TIGHT_CLOCKS, freeze_with(frozen_at=the_hosts(-0.2)), release_with(frozen_s=1.4)),
    ),
    "c: the host held after it said so": (
        CLOCKS,
        both(TIGHT_CLOCKS, freeze_with(held_at=the_hosts(1.0)), release_with(hold_s=0.1)),
    ),
    "c: the host let go before we did": (
        CLOCKS,
        both(TIGHT_CLOCKS, release_with(released_at=the_hosts(0.8), hold_s=0.1)),
    ),
    "c: the host thawed after it said so": (
        CLOCKS,
        both(TIGHT_CLOCKS, release_with(thawed_at=the_hosts(1.5), frozen_s=1.2)),
    ),
    "c: the host's hold was shorter than ours": (
        OURS,
        both(
            facts_with(budgets=Budgets(clock_disagreement_s=0.25), release_sent=ours(1.2)),
            release_with(released_at=the_hosts(0.95), hold_s=0.1),
        ),
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
    "f: nothing was planned": (
        MEMBERS,
        both(
            cut_with(planned=(), listed=()),
            facts_with(map_before=SOUND.map_before[2:], map_after=SOUND.map_before[2:]),
        ),
    ),
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


def test_every_condition_of_r1_has_a_rule_and_is_broken_here() -> None:
    assert {letter for letter, _ in RULES_WITH_WRITERS} == {name[0] for name in CASES} == set("abcdefg")


def test_a_sound_window_is_proven_without_a_remark() -> None:
    assert judged(sound_facts()) == ()


def test_writers_that_nobody_selected_do_not_matter() -> None:
    failed = {"state": WriterState.FAILED_AT_FREEZE, "failure": 1}
    spoil = both(facts_with(selected=WRITERS[:1]), frozen_writer_with(**failed), writer_after_with(**failed))
    assert judged(spoil(sound_facts())) == ()


@pytest.mark.parametrize(("code", "spoil"), CASES.values(), ids=CASES.keys())
def test_one_broken_condition_is_fatal_under_its_own_code(code: str, spoil: Spoil) -> None:
    findings = judged(spoil(sound_facts()))
    assert {finding.code for finding in findings if finding.fatal} == {code}
    assert all(finding.text and finding.subject for finding in findings)


def test_all_broken_conditions_are_named_at_once() -> None:
    spoil = both(
        frozen_writer_with(state=WriterState.UNKNOWN),
        cut_with(acknowledged_at=None),
        release_with(hold_ended_by=HoldEnd.HOLD_LIMIT, set_status=0),
        facts_with(writers_after=(), map_after=None),
        member_with(partial=True),
    )
    codes = {finding.code for finding in judged(spoil(sound_facts()))}
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
    assert {FROZEN, ACKNOWLEDGED, OURS, LOST} <= {finding.code for finding in judged(spoil(sound_facts()))}
