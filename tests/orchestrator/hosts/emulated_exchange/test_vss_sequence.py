from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.hosts.emulated_exchange.emulator.rows import (
    ENDINGS,
    ORDER,
    ROWS,
    TIMERS,
    End,
    Step,
    limits_of,
)
from orchestrator.hosts.emulated_exchange.emulator.sequence import CreationSequence, OutOfOrder
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, WriterState
from orchestrator.model.time import Reading
from tests.facts import START

DEAD_MAN_S = 15.0


def at(seconds: float) -> Reading:
    return Reading(START + timedelta(seconds=seconds), 500.0 + seconds)


BEGIN = at(0)


def sequence(*, dead_man_s: float = DEAD_MAN_S, hold_s: float = 6.0) -> CreationSequence:
    limits = limits_of(replace(DEFAULT_BUDGETS, hold_s=hold_s))
    return CreationSequence(at(0), limits | {End.DEAD_MAN: dead_man_s})


def until(step: Step, now: Reading = BEGIN, **limits: float) -> CreationSequence:
    """A sequence that has entered every row up to this one, all at one moment."""
    begun = sequence(**limits)
    for one in ORDER[: ORDER.index(step) + 1]:
        begun.enter(one, now)
    return begun


def release(begun: CreationSequence, now: Reading) -> None:
    """Go through every row that is left."""
    for step in ORDER[len(begun.entered) :]:
        begun.enter(step, now)


def test_the_rows_stand_in_the_order_of_the_sdk() -> None:
    assert [*"abcdefghijklmnop"] == [chr(ord("a") + number) for number in range(len(ORDER))]
    assert ORDER[3] is Step.ON_FREEZE
    assert ORDER[5] is Step.FLUSH_AND_HOLD_WRITES
    assert ORDER[6] is Step.COMMIT_SNAPSHOTS
    assert ORDER[7] is Step.RELEASE_WRITES
    assert ORDER[10] is Step.ON_THAW
    assert set(ORDER) == set(Step)


def test_a_set_that_is_released_in_time_is_finished_and_its_writers_wait_for_completion() -> None:
    begun = until(Step.COMMIT_SNAPSHOTS, at(1))
    release(begun, at(3))

    report = begun.report()

    assert report.hold_ended_by is HoldEnd.RELEASE
    assert report.set_status == VSS_S_ASYNC_FINISHED
    assert (report.hold_s, report.frozen_s) == (2.0, 2.0)
    assert (report.released_at, report.thawed_at) == (at(3), at(3))
    assert begun.writers == (WriterState.WAITING_FOR_BACKUP_COMPLETE, 0)
    assert begun.deadline_s is None


@pytest.mark.parametrize("entered", range(len(ORDER) + 1))
@pytest.mark.parametrize("step", Step)
def test_only_the_next_row_can_be_entered(entered: int, step: Step) -> None:
    begun = sequence()
    for one in ORDER[:entered]:
        begun.enter(one, at(0))
    if entered < len(ORDER) and step is ORDER[entered]:
        begun.enter(step, at(0))
        assert step in begun.entered
    else:
        before = dict(begun.entered)
        with pytest.raises(OutOfOrder):
            begun.enter(step, at(0))
        assert begun.entered == before


@pytest.mark.parametrize(("step", "state"), ROWS.items())
def test_each_row_leaves_the_writers_in_its_state(step: Step, state: WriterState) -> None:
    assert until(step).writers == (state, 0)


# Which timer ends a set that goes no further than a row, and when. The last rows take no time.
STUCK = {
    Step.END_PREPARE_SNAPSHOTS: (End.DEAD_MAN, 15.0),
    Step.ON_PREPARE_SNAPSHOT: (End.DEAD_MAN, 15.0),
    Step.ON_FREEZE: (End.DEAD_MAN, 15.0),
    Step.PRE_COMMIT_SNAPSHOTS: (End.FLUSH_LIMIT, 10.0),
    Step.FLUSH_AND_HOLD_WRITES: (End.HOLD_LIMIT, 6.0),
    Step.COMMIT_SNAPSHOTS: (End.HOLD_LIMIT, 6.0),
    Step.RELEASE_WRITES: (End.DEAD_MAN, 15.0),
    Step.POST_COMMIT_SNAPSHOTS: (End.DEAD_MAN, 15.0),
    Step.ON_THAW: (End.FINISH_LIMIT, 60.0),
    Step.PRE_FINAL_COMMIT_SNAPSHOTS: (End.FINISH_LIMIT, 60.0),
}


@pytest.mark.parametrize(("step", "expected"), STUCK.items())
def test_a_set_that_gets_stuck_is_ended_by_the_first_timer(step: Step, expected: tuple[End, float]) -> None:
    begun = until(step)
    end, after_s = expected

    assert begun.deadline_s == pytest.approx(500.0 + after_s)
    assert not begun.expire(at(after_s - 0.001))
    assert begun.expire(at(after_s))
    assert begun.ending is end
    if end in ENDINGS:
        assert begun.writers == (ENDINGS[end].writer_state, ENDINGS[end].writer_failure)


def test_every_timer_leads_somewhere() -> None:
    assert {*TIMERS} <= {*ENDINGS, End.FINISH_LIMIT}
    assert set(limits_of(DEFAULT_BUDGETS)) == set(TIMERS)


@pytest.mark.parametrize(
    ("step", "status", "state"),
    [
        (Step.ON_THAW, 0x80042306, WriterState.STABLE),
        (Step.PRE_FINAL_COMMIT_SNAPSHOTS, VSS_S_ASYNC_FINISHED, WriterState.FAILED_AT_POST_SNAPSHOT),
    ],
)
def test_a_set_that_gets_stuck_after_the_thaw_fails_as_the_row_does_that_it_waits_for(
    step: Step, status: int, state: WriterState
) -> None:
    begun = until(step)
    assert begun.expire(at(60))
    report = begun.report()
    assert (report.hold_ended_by, report.set_status) == (HoldEnd.RELEASE, status)
    assert begun.writers[0] is state


def test_other_writers_than_exchange_s_wait_for_a_minute() -> None:
    assert limits_of(DEFAULT_BUDGETS)[End.WRITER_LIMIT] == 20.0
    assert limits_of(DEFAULT_BUDGETS, exchange=False)[End.WRITER_LIMIT] == 60.0


def test_a_set_that_is_prepared_but_never_frozen_ends_after_its_time_to_prepare() -> None:
    begun = sequence()
    assert begun.expire(at(DEFAULT_BUDGETS.prepare_s))
    assert begun.report().hold_ended_by is HoldEnd.NEVER_HELD
    with pytest.raises(OutOfOrder):
        begun.enter(Step.END_PREPARE_SNAPSHOTS, at(DEFAULT_BUDGETS.prepare_s))


def test_vss_lets_go_after_ten_seconds_whatever_the_plan_allows() -> None:
    begun = until(Step.COMMIT_SNAPSHOTS, hold_s=60.0)
    assert begun.deadline_s == pytest.approx(510.0)


def test_the_exchange_writer_gives_up_after_twenty_seconds_though_vss_calls_the_set_finished() -> None:
    begun = until(Step.ON_FREEZE, dead_man_s=100.0)
    begun.enter(Step.PRE_COMMIT_SNAPSHOTS, at(15))
    begun.enter(Step.FLUSH_AND_HOLD_WRITES, at(15))
    begun.enter(Step.COMMIT_SNAPSHOTS, at(15))

    assert begun.expire(at(20))

    report = begun.report()
    assert report.hold_ended_by is HoldEnd.WRITER_LIMIT
    assert report.set_status == VSS_S_ASYNC_FINISHED
    assert begun.writers == (WriterState.FAILED_AT_THAW, 0x800423F2)
    assert (report.hold_s, report.frozen_s) == (5.0, 20.0)


def test_a_release_that_comes_at_the_deadline_comes_too_late() -> None:
    begun = until(Step.COMMIT_SNAPSHOTS)

    with pytest.raises(OutOfOrder):
        release(begun, at(6.0))

    report = begun.report()
    assert report.hold_ended_by is HoldEnd.HOLD_LIMIT
    assert report.set_status == 0x80042314
    assert begun.writers == (WriterState.FAILED_AT_FREEZE, 0x800423F2)


def test_a_hold_that_our_release_ended_stays_ours_when_the_thaw_then_hangs() -> None:
    begun = until(Step.RELEASE_WRITES, at(1))
    assert begun.expire(at(1 + DEAD_MAN_S))
    report = begun.report()
    assert report.hold_ended_by is HoldEnd.RELEASE
    assert report.set_status != VSS_S_ASYNC_FINISHED
    assert report.frozen_s == DEAD_MAN_S


@pytest.mark.parametrize("step", ORDER[:-1])
def test_giving_up_ends_a_set_at_any_row_and_for_good(step: Step) -> None:
    begun = until(step)
    begun.give_up(at(1))
    ended = begun.report()
    begun.give_up(at(2))
    assert begun.ending is End.ABORT
    assert begun.report() == ended
    assert begun.deadline_s is None
    held = Step.FLUSH_AND_HOLD_WRITES in begun.entered
    released = Step.RELEASE_WRITES in begun.entered
    assert ended.hold_ended_by is (
        HoldEnd.RELEASE if released else HoldEnd.ABORT if held else HoldEnd.NEVER_HELD
    )


def test_giving_up_too_late_does_not_hide_what_ended_the_hold() -> None:
    begun = until(Step.COMMIT_SNAPSHOTS)
    begun.give_up(at(6.0))
    assert begun.ending is End.HOLD_LIMIT


def test_there_is_no_report_of_a_set_in_creation() -> None:
    with pytest.raises(OutOfOrder):
        until(Step.COMMIT_SNAPSHOTS).report()


@given(st.lists(st.floats(0, 12), min_size=len(ORDER), max_size=len(ORDER)))
def test_a_set_is_finished_only_within_every_limit(pauses: list[float]) -> None:
    begun, now, entered_at = sequence(), 0.0, dict[Step, float]()
    try:
        for step, pause in zip(ORDER, pauses, strict=True):
            now += pause
            begun.enter(step, at(now))
            entered_at[step] = now
    except OutOfOrder:
        assert begun.ending is not End.FINISHED
        return
    assert begun.ending is End.FINISHED
    assert entered_at[Step.RELEASE_WRITES] - entered_at[Step.FLUSH_AND_HOLD_WRITES] < 6.0
    assert entered_at[Step.ON_THAW] - entered_at[Step.ON_FREEZE] < 20.0
    assert entered_at[Step.ON_THAW] - entered_at[Step.END_PREPARE_SNAPSHOTS] < DEAD_MAN_S
