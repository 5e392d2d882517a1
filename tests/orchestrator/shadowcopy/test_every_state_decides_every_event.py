"""The transition table, written a second time by hand: both must say the same."""

from __future__ import annotations

import pytest

from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.shadowcopy import (
    HOLDING,
    TRANSITIONS,
    Event,
    IllegalEvent,
    ShadowCopyMachine,
)
from orchestrator.shadowcopy import State as S
from orchestrator.shadowcopy.transitions import stay_s

# Columns in the order of Event: all-armed, freeze-asked, writers-frozen, all-cut, release-sent, thawed,
# failed, deadline-passed. None: illegal.
EXPECTED: dict[S, tuple[S | None, ...]] = {
    S.IDLE: (S.ARMED, None, None, None, None, None, S.ABORTED, None),
    S.ARMED: (None, S.FREEZING, None, None, None, None, S.ABORTED, S.ABORTED),
    S.FREEZING: (None, None, S.FROZEN, None, None, None, S.ABORTING, S.ABORTING),
    S.FROZEN: (None, None, None, S.COMMITTED, None, None, S.ABORTING, S.ABORTING),
    S.COMMITTED: (None, None, None, None, S.RELEASING, None, S.ABORTING, S.ABORTING),
    S.RELEASING: (None, None, None, None, None, S.CREATED, S.ABORTING, S.ABORTING),
    S.ABORTING: (None, None, S.ABORTING, S.ABORTING, S.ABORTING, S.ABORTED, S.ABORTING, None),
    S.CREATED: (None,) * 8,
    S.ABORTED: (None,) * 8,
}
PAIRS = [
    (state, event, after) for state, row in EXPECTED.items() for event, after in zip(Event, row, strict=True)
]


@pytest.mark.parametrize(("state", "event", "after"), PAIRS)
def test_a_pair_leads_where_it_should_or_is_illegal_and_changes_nothing(
    state: S, event: Event, after: S | None
) -> None:
    machine = ShadowCopyMachine(state=state, deadline=100.0)
    if after is None:
        with pytest.raises(IllegalEvent, match=f"{event} in state {state}"):
            machine.handle(event, now=1.0)
        assert (machine.state, machine.deadline, machine.freeze_deadline) == (state, 100.0, None)
    else:
        assert machine.handle(event, now=1.0) is after
        assert machine.state is after


def test_the_tables_have_a_row_for_every_state() -> None:
    assert set(EXPECTED) == set(TRANSITIONS) == set(S)
    assert {len(row) for row in EXPECTED.values()} == {len(Event)}


def test_a_state_that_holds_writers_can_fail_and_can_run_out_of_time() -> None:
    for state in HOLDING:
        assert Event.FAILED in TRANSITIONS[state]
        # The duty to thaw has no deadline after which it would end.
        assert (Event.DEADLINE_PASSED in TRANSITIONS[state]) is (state is not S.ABORTING)


@pytest.mark.parametrize("budgets", [DEFAULT_BUDGETS, Budgets(commit_s=0.1, hold_s=0.3, freeze_s=0.5)])
def test_a_state_has_a_limit_exactly_if_it_has_a_row_for_running_out_of_time(budgets: Budgets) -> None:
    for state in S:
        assert (stay_s(state, budgets) is not None) is (Event.DEADLINE_PASSED in TRANSITIONS[state])


def test_no_way_out_of_a_state_that_holds_writers_but_a_thaw() -> None:
    for state in HOLDING:
        leaving = {event for event, after in TRANSITIONS[state].items() if after not in HOLDING}
        assert leaving <= {Event.THAWED}
