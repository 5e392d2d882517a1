from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.model.budgets import (
    DEFAULT_BUDGETS,
    EXCHANGE_FREEZE_LIMIT_S,
    VSS_HOLD_LIMIT_S,
)
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.model.hosts import HostLun, WriterState
from orchestrator.model.names import ObjectNames, installation_prefix
from orchestrator.model.time import Reading

START = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
HIGHEST, MIDDLE, LOWEST = Grade.WRITER_VERIFIED, Grade.AGENT_QUIESCED, Grade.FILE_SYSTEM_CONSISTENT


def reading(wall_s: float, monotonic_s: float) -> Reading:
    return Reading(START + timedelta(seconds=wall_s), monotonic_s)


@pytest.mark.parametrize(
    ("grade", "reached"),
    [(HIGHEST, {HIGHEST, MIDDLE, LOWEST}), (MIDDLE, {MIDDLE, LOWEST}), (LOWEST, {LOWEST})],
)
def test_a_grade_reaches_itself_and_what_is_below_it(grade: Grade, reached: set[Grade]) -> None:
    assert {wanted for wanted in Grade if grade.reaches(wanted)} == reached


def test_there_are_three_grades_and_five_endings() -> None:
    assert [grade.value for grade in Grade] == ["writer-verified", "agent-quiesced", "file-system-consistent"]
    assert {status.value for status in RunStatus} == {
        "completed",
        "refused",
        "aborted",
        "failed-verification",
        "in-doubt",
    }


def test_elapsed_time_is_what_the_longer_clock_says() -> None:
    start = reading(0.0, 100.0)
    assert start.elapsed_s(reading(2.0, 101.0)) == 2.0  # paused: the monotonic clock stood still
    assert start.elapsed_s(reading(-5.0, 103.0)) == 3.0  # the wall clock was set back


def test_clocks_disagree_in_either_direction() -> None:
    start = reading(0.0, 100.0)
    assert start.disagreement_s(reading(2.0, 101.0)) == 1.0
    assert start.disagreement_s(reading(1.0, 102.0)) == 1.0
    assert start.disagreement_s(reading(7.0, 107.0)) == 0.0


@pytest.mark.parametrize(
    ("wall_s", "monotonic_s", "in_order"),
    [(1.0, 1.0, True), (0.0, 0.0, True), (1.0, -0.1, False), (-0.1, 1.0, False), (-0.1, -0.1, False)],
)
def test_a_reading_is_not_after_another_only_if_both_clocks_say_so(
    wall_s: float, monotonic_s: float, in_order: bool
) -> None:
    assert reading(0.0, 0.0).not_after(reading(wall_s, monotonic_s)) is in_order


def test_names_carry_installation_run_and_attempt() -> None:
    names = ObjectNames(installation="ab12cd", run_id="0123456789", attempt=3)
    assert names.stem == "qsc-ab12cd-0123456789-3"
    assert names.stem.startswith(installation_prefix("ab12cd"))
    assert not names.stem.startswith(installation_prefix("ab12c"))


def test_a_stem_stays_within_25_characters_up_to_the_999th_attempt() -> None:
    assert len(ObjectNames("ab12cd", "0123456789", attempt=999).stem) == 25


def test_no_two_attempts_share_a_stem() -> None:
    stems = {
        ObjectNames("ab12cd", run, attempt).stem for run in ("0000000001", "0000000002") for attempt in (1, 2)
    }
    assert len(stems) == 4


def test_our_budgets_end_before_those_of_windows_and_exchange() -> None:
    budgets = DEFAULT_BUDGETS
    assert budgets.commit_s < budgets.hold_s < VSS_HOLD_LIMIT_S
    assert budgets.hold_s < budgets.freeze_s < EXCHANGE_FREEZE_LIMIT_S


def test_writer_states_have_the_numbers_of_the_windows_header() -> None:
    assert WriterState(3) is WriterState.WAITING_FOR_THAW
    assert WriterState(5) is WriterState.WAITING_FOR_BACKUP_COMPLETE
    assert [state.value for state in WriterState] == list(range(16))


def test_a_lun_is_called_by_its_best_identity() -> None:
    assert HostLun(("naa.1", "eui.1")).lun_id == "naa.1"


def test_what_was_seen_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        reading(0.0, 0.0).monotonic_s = 1.0  # type: ignore[misc]  # that it is refused is the point
