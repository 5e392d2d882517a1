"""Thousands of schedules on the emulated Exchange host: faults of host, arrays and network, and cancels.

Each plays two runs that meet faults, one after the other, then one that must succeed.
"""

from __future__ import annotations

import pytest

from tests.orchestrator.vss_schedules.checked import FIRST_SEED, PARTS, SCHEDULES, run_schedules, seeds_of
from tests.orchestrator.vss_schedules.schedule import CANCELLED, FAULTS, play


def test_one_seed_keeps_the_rules() -> None:
    run_schedules(play, [FIRST_SEED], __file__)


@pytest.mark.many
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_schedule_ends_proven_or_with_nothing_left(part: int) -> None:
    tally = run_schedules(play, seeds_of(part), __file__)
    assert tally.ends["completed"] >= tally.runs / 5
    assert tally.ends["aborted"] >= tally.runs / 5
    assert not tally.seldom([*FAULTS, *CANCELLED], one_in=2500)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_every_one_of_very_many_schedules_does() -> None:
    run_schedules(play, range(FIRST_SEED, FIRST_SEED + SCHEDULES * 10), __file__)
