"""SIGKILL and SIGSTOP of a guest's watchdog and of its agent, while the run stands at a point."""

from __future__ import annotations

import signal
from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from tests.journeys.home import ended
from tests.journeys.real.losing import lose_both, lose_watchdog
from tests.journeys.real.points import IN_WINDOW, SIGNALS
from tests.journeys.real.processes import struck, wake, watchdogs
from tests.journeys.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

COMBINATION: Final = Combination("qemu-guest-agent", "software-reflink")
SHORT: Final = {"commit_s": 0.4, "hold_s": 0.5, "freeze_s": 1.2, "thaw_s": 0.3}


@pytest.mark.parametrize("point", IN_WINDOW)
@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_run_whose_watchdog_is_lost_thaws_the_guest_in_its_place_and_aborts(
    scene: Scene, point: CrashPoint, number: signal.Signals
) -> None:
    lose_watchdog(scene, point, number)


def test_a_guest_whose_run_and_watchdog_were_killed_is_thawed_by_recovery(scene: Scene) -> None:
    lose_both(scene)


@pytest.mark.parametrize("point", IN_WINDOW)
def test_a_run_whose_agent_is_killed_thaws_by_the_next_agent_and_aborts(
    scene: Scene, point: CrashPoint
) -> None:
    with scene.stopped_at(point, scene.job()) as run, struck(scene.agent, signal.SIGKILL):
        scene.start_agent()
        wake(run)
        end = ended(run)
    assert (end.status, end.result["run"]["status"]) == (4, "aborted"), end
    scene.demand_thawed()
    assert scene.recover() == []
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


def test_a_guest_without_an_agent_is_thawed_by_the_watchdog_as_soon_as_there_is_one(scene: Scene) -> None:
    """Nobody else can thaw a guest. The watchdog outlives the run, and tries until it can."""
    with (
        scene.stopped_at(CrashPoint.FROZEN, scene.job(budgets=SHORT | {"thaw_s": 1.6})) as run,
        struck(scene.agent, signal.SIGKILL),
    ):
        wake(run)
        end = ended(run)
    assert (end.status, end.result["run"]["status"]) == (6, "in-doubt"), end
    scene.demand_still()
    assert watchdogs() != []
    scene.start_agent()
    scene.await_thaw_by_watchdog()
    (recovered,) = scene.recover()
    assert recovered["status"] == "aborted"
    scene.demand_nothing_left()
    scene.delete_sets()
    scene.demand_next_run()


@pytest.mark.parametrize("point", IN_WINDOW)
def test_a_guest_whose_agent_stands_still_is_in_doubt_until_that_goes_on(
    scene: Scene, point: CrashPoint
) -> None:
    """Nobody else can thaw a guest: recovery does once the agent goes on."""
    with (
        scene.stopped_at(point, scene.job(budgets=SHORT)) as run,
        struck(scene.agent, signal.SIGSTOP),
    ):
        wake(run)
        end = ended(run)
    if point is CrashPoint.RELEASED:  # it has thawed by then, but cannot tell the guest's clock any more
        assert (end.status, scene.recover()) == (4, [])
    else:
        assert (end.status, end.result["run"]["status"]) == (6, "in-doubt"), end
        assert [each["status"] for each in scene.recover()] == ["aborted"]
    scene.demand_thawed()
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()
