from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.shadowcopy import HOLDING, Event, IllegalEvent, ShadowCopyMachine, State

GOOD_COURSE = (
    (Event.ALL_ARMED, 0.0),
    (Event.FREEZE_ASKED, 1.0),
    (Event.WRITERS_FROZEN, 2.0),
    (Event.ALL_CUT, 3.0),
    (Event.RELEASE_SENT, 3.1),
    (Event.THAWED, 4.0),
)


def machine_after(steps: int) -> ShadowCopyMachine:
    machine = ShadowCopyMachine()
    for event, now in GOOD_COURSE[:steps]:
        machine.handle(event, now)
    return machine


def test_a_good_course_ends_in_a_set() -> None:
    assert machine_after(len(GOOD_COURSE)).state is State.CREATED
    assert machine_after(len(GOOD_COURSE)).deadline is None


@pytest.mark.parametrize("steps", [2, 3, 4, 5], ids=["frozen", "cut", "release sent", "thawed"])
def test_a_success_at_its_deadline_is_a_failure(steps: int) -> None:
    machine = machine_after(steps)
    assert machine.deadline is not None
    late = GOOD_COURSE[steps][0]
    assert machine.handle(late, machine.deadline) in {State.ABORTING, State.ABORTED}
    machine = machine_after(steps)
    assert machine.deadline is not None
    assert machine.handle(late, machine.deadline - 0.001) not in {State.ABORTING, State.ABORTED}


def test_a_freeze_that_is_asked_for_too_late_is_not_asked_for() -> None:
    machine = machine_after(1)
    assert machine.handle(Event.FREEZE_ASKED, DEFAULT_BUDGETS.prepare_s) is State.ABORTED
    assert machine.freeze_deadline is None


def test_what_comes_after_time_ran_out_and_means_nothing_any_more_is_no_error() -> None:
    machine = machine_after(2)
    assert machine.handle(Event.ALL_ARMED, 1e9) is State.ABORTING


def test_time_that_has_run_out_is_not_dealt_with_twice() -> None:
    machine = machine_after(3)
    assert machine.handle(Event.DEADLINE_PASSED, 2.0 + DEFAULT_BUDGETS.commit_s) is State.ABORTING
    assert machine.deadline is None


def test_a_late_success_is_heard_but_changes_nothing() -> None:
    machine = machine_after(3)
    machine.handle(Event.FAILED, 2.5)
    for event in (Event.ALL_CUT, Event.RELEASE_SENT, Event.FAILED, Event.WRITERS_FROZEN):
        assert machine.handle(event, 1e9) is State.ABORTING
    assert machine.handle(Event.THAWED, 1e9) is State.ABORTED


def test_each_step_has_its_own_deadline_and_none_lies_beyond_the_freeze_budget() -> None:
    assert machine_after(1).deadline == DEFAULT_BUDGETS.prepare_s
    assert machine_after(2).deadline == 1.0 + DEFAULT_BUDGETS.freeze_s
    assert machine_after(3).deadline == 2.0 + DEFAULT_BUDGETS.commit_s
    assert machine_after(4).deadline == 3.0 + DEFAULT_BUDGETS.hold_s - DEFAULT_BUDGETS.commit_s
    assert machine_after(5).deadline == 1.0 + DEFAULT_BUDGETS.freeze_s
    machine = machine_after(2)
    machine.handle(Event.WRITERS_FROZEN, 14.0)
    assert machine.deadline == 1.0 + DEFAULT_BUDGETS.freeze_s


timed_events = st.lists(
    st.tuples(st.sampled_from(Event), st.floats(0.0, 8.0))
    | st.sampled_from([(event, 0.5) for event in Event]),
    max_size=12,
)


@settings(max_examples=300)
@given(st.integers(0, len(GOOD_COURSE)), timed_events)
def test_no_course_of_events_makes_a_set_out_of_order_or_out_of_time(
    steps: int, rest: list[tuple[Event, float]]
) -> None:
    machine, now, entered = ShadowCopyMachine(), 0.0, {State.IDLE: 0.0}
    course = [*((event, 0.5) for event, _ in GOOD_COURSE[:steps]), *rest]
    for event, waited in course:
        now += waited
        before, deadline = machine.state, machine.deadline
        try:
            machine.handle(event, now)
        except IllegalEvent:
            assert machine.state is before
        if machine.state is not before:
            entered[machine.state] = now
            if machine.state not in {State.ABORTING, State.ABORTED}:
                assert deadline is None or now < deadline
        if machine.deadline is not None and machine.freeze_deadline is not None:
            assert machine.deadline <= machine.freeze_deadline
        if State.FREEZING in entered and machine.state not in {State.CREATED, State.ABORTED}:
            assert machine.state in HOLDING
    if machine.state is State.CREATED:
        order = [State.ARMED, State.FREEZING, State.FROZEN, State.COMMITTED, State.RELEASING, State.CREATED]
        assert list(entered)[1:] == order
        assert entered[State.COMMITTED] - entered[State.FROZEN] < DEFAULT_BUDGETS.commit_s
        assert entered[State.CREATED] - entered[State.FREEZING] < DEFAULT_BUDGETS.freeze_s
