"""The same schedules, but the orchestrator's process dies on the way and its run is taken up later."""

from __future__ import annotations

import asyncio

import pytest

from tests.orchestrator.vss_schedules.checked import FIRST_SEED, PARTS, SCHEDULES, run_schedules, seeds_of
from tests.orchestrator.vss_schedules.life import crash_points_kill, nobody_asks_after_the_dead
from tests.orchestrator.vss_schedules.schedule import KILLED, Played, kill, play


async def play_with_deaths(seed: int) -> Played:
    asyncio.get_running_loop().set_exception_handler(nobody_asks_after_the_dead)
    with crash_points_kill():
        return await play(seed, kill)


def test_one_seed_keeps_the_rules() -> None:
    run_schedules(play_with_deaths, [FIRST_SEED], __file__)


@pytest.mark.many
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_schedule_ends_proven_or_with_nothing_left(part: int) -> None:
    tally = run_schedules(play_with_deaths, seeds_of(part), __file__)
    assert tally.ends["died"] >= tally.runs / 5
    assert not tally.seldom(KILLED, one_in=500)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_every_one_of_very_many_schedules_does() -> None:
    run_schedules(play_with_deaths, range(FIRST_SEED, FIRST_SEED + SCHEDULES * 10), __file__)
