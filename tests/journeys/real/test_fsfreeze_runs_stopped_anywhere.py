"""SIGSTOP of the orchestrator at every crash point: nothing stays frozen while it stands still."""

from __future__ import annotations

from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from tests.journeys.home import ended
from tests.journeys.real.points import IN_WINDOW, NOT_PASSED, a_job_that_passes
from tests.journeys.real.processes import ended_within, wake
from tests.journeys.real.scene import TIGHT, Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

COMBINATION: Final = Combination("fsfreeze", "software-reflink")
OUT_OF_WINDOW: Final = [point for point in CrashPoint if point not in {*IN_WINDOW, *NOT_PASSED}]


@pytest.mark.parametrize("point", IN_WINDOW)
def test_a_run_that_stands_still_in_its_window_is_thawed_by_its_watchdog_and_aborts_when_it_wakes(
    scene: Scene, point: CrashPoint
) -> None:
    with scene.stopped_at(point, scene.job(budgets=TIGHT)) as run:
        scene.await_writer()
        scene.demand_thawed()
        assert not ended_within(run.pid, TIGHT["freeze_s"])  # its deadline passes
        wake(run)
        woken = ended(run)
    assert (woken.status, woken.result["run"]["status"]) == (4, "aborted"), woken
    scene.demand_nothing_left()
    assert scene.recover() == []
    scene.delete_sets()
    scene.demand_next_run()


@pytest.mark.parametrize("point", OUT_OF_WINDOW)
def test_a_run_that_stands_still_before_or_after_its_window_freezes_nothing_and_goes_on(
    scene: Scene, point: CrashPoint
) -> None:
    with scene.stopped_at(point, a_job_that_passes(scene, point)) as run:
        scene.demand_thawed()
        wake(run)
        woken = ended(run)
    expected = (4, "aborted") if point is CrashPoint.UNDONE else (0, "completed")
    assert (woken.status, woken.result["run"]["status"]) == expected, woken
    assert scene.recover() == []
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


@pytest.mark.parametrize("point", sorted(NOT_PASSED))
def test_a_run_on_a_host_without_writers_has_nobody_to_tell(scene: Scene, point: CrashPoint) -> None:
    with scene.started("run", scene.job(), "--json", QUIESCE_STOP_AT=point) as run:
        passed = ended(run)
    assert (passed.status, passed.result["run"]["status"]) == (0, "completed")
    scene.delete_sets()
    scene.demand_nothing_left()
