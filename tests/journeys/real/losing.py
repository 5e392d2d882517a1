"""The story of a run that loses another process at a crash point, for whatever parts it is played on."""

from __future__ import annotations

import signal

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import FSFREEZE
from tests.journeys.home import ended
from tests.journeys.real.processes import struck, wake, watchdogs
from tests.journeys.real.scene import TIGHT, Scene


def lose_watchdog(scene: Scene, point: CrashPoint, number: signal.Signals) -> None:
    """Take the watchdog from a run that stands at a point; then let the run go on.

    When the run has its report of the thaw, the watchdog has done its work: only then may a set come of it.
    A guest has still to be asked for its clock then, by the watchdog's connection.
    """
    budgets = TIGHT if point is not CrashPoint.RELEASED else {}
    with scene.stopped_at(point, scene.job(budgets=budgets)) as run:
        (watchdog,) = watchdogs()
        with struck(watchdog, number):
            wake(run)
            end = ended(run)
            scene.demand_thawed()
            assert watchdogs() == []
    done = point is CrashPoint.RELEASED and scene.stage.combination.host == FSFREEZE
    expected = (0, "completed") if done else (4, "aborted")
    assert (end.status, end.result["run"]["status"]) == expected, end
    assert scene.recover() == []
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


def lose_both(scene: Scene) -> None:
    """Kill a run and its watchdog inside the window: nobody is left to thaw but a recovery."""
    with scene.stopped_at(CrashPoint.CUT_ACKNOWLEDGED, scene.job()) as run:
        (watchdog,) = watchdogs()
        with struck(watchdog, signal.SIGKILL):
            run.kill()
            run.wait()
    scene.demand_still()
    (recovered,) = scene.recover()
    scene.demand_thawed()
    assert recovered["status"] == "aborted"
    scene.demand_nothing_left()
    scene.demand_next_run()
