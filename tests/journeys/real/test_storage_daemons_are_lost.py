"""SIGKILL and SIGSTOP of the storage daemon on whose LUNs the frozen file systems lie."""

from __future__ import annotations

import signal
from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from tests.journeys.home import ended
from tests.journeys.real.points import IN_WINDOW
from tests.journeys.real.processes import ended_within, struck, wake
from tests.journeys.real.scene import TIGHT, Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

COMBINATION: Final = Combination("fsfreeze", "qemu-block")

# With its thaw ext4 writes to its disk: as long as that stands still nobody can thaw it, not even the kernel.
STILL_FROZEN: Final = tuple(point for point in IN_WINDOW if point is not CrashPoint.RELEASED)


@pytest.mark.parametrize("point", STILL_FROZEN)
def test_file_systems_on_a_daemon_that_stands_still_are_thawed_as_soon_as_it_goes_on(
    scene: Scene, point: CrashPoint
) -> None:
    with scene.stopped_at(point, scene.job(budgets=TIGHT)) as run:
        with struck(scene.daemon.pid, signal.SIGSTOP):
            wake(run)
            assert not ended_within(run.pid, TIGHT["freeze_s"])  # every deadline passes
            scene.demand_still()
        scene.await_writer()
        end = ended(run)
    assert end.result["run"]["status"] in ("aborted", "in-doubt"), end
    scene.demand_thawed()
    assert {each["status"] for each in scene.recover()} <= {"aborted"}
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


def test_a_daemon_that_stands_still_after_the_thaw_does_no_harm(scene: Scene) -> None:
    with scene.stopped_at(CrashPoint.RELEASED, scene.job()) as run:
        scene.demand_thawed()
        with struck(scene.daemon.pid, signal.SIGSTOP):
            wake(run)
            assert not ended_within(run.pid, TIGHT["freeze_s"])
        end = ended(run)
    assert (end.status, end.result["run"]["status"]) == (0, "completed"), end
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


@pytest.mark.nightly
@pytest.mark.parametrize("point", IN_WINDOW)
def test_a_run_does_not_wait_for_ever_for_a_daemon_that_stands_still(scene: Scene, point: CrashPoint) -> None:
    with (
        scene.stopped_at(point, scene.job(budgets=TIGHT)) as run,
        struck(scene.daemon.pid, signal.SIGSTOP),
    ):
        wake(run)
        end = ended(run, 100)
    assert (end.status, end.result["run"]["status"]) == (6, "in-doubt"), end
    (recovered,) = scene.recover()
    assert recovered["status"] == "aborted"
    scene.demand_thawed()
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


@pytest.mark.parametrize("point", IN_WINDOW)
def test_file_systems_whose_daemon_is_killed_are_thawed_and_come_back_with_it(
    scene: Scene, point: CrashPoint
) -> None:
    with scene.stopped_at(point, scene.job(budgets=TIGHT)) as run:
        scene.daemon.remember()
        with struck(scene.daemon.pid, signal.SIGKILL):
            wake(run)
            end = ended(run)
    assert (end.status, end.result["run"]["status"]) == (6, "in-doubt"), end
    scene.demand_thawed()
    scene.start_daemon()
    assert [each["status"] for each in scene.recover()] == ["aborted"]
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()
