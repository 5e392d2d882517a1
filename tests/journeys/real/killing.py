"""The story of a run that is killed at a crash point, for whatever parts it is played on."""

from __future__ import annotations

import signal

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.model.grades import RunStatus
from tests.journeys.real.points import NOT_PASSED, PROVEN, a_job_that_passes
from tests.journeys.real.scene import Scene


def kill_and_recover(scene: Scene, point: CrashPoint) -> None:
    """Kill a run at a point, see it thawed by its watchdog, recover, and run again."""
    died = scene.killed_at(point, a_job_that_passes(scene, point))
    if point in NOT_PASSED:
        assert died.status == 0
    else:
        assert died.status == -signal.SIGKILL
        scene.await_thaw_by_watchdog()
        (recovered,) = scene.recover()
        assert recovered["in_doubt"] == []
        assert recovered["status"] == ("completed" if point in PROVEN else "aborted")
    kept = [each for each in scene.installation.sets.list() if each.status is RunStatus.COMPLETED]
    assert bool([each for each in kept if each.grade]) is (point in {*PROVEN, *NOT_PASSED})
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()
