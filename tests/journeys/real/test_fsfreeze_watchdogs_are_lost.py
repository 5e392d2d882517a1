"""SIGKILL and SIGSTOP of the watchdog, while its run stands at each point at which there is one."""

from __future__ import annotations

import signal
from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from tests.journeys.real.losing import lose_both, lose_watchdog
from tests.journeys.real.points import BEFORE_WINDOW, IN_WINDOW, SIGNALS
from tests.journeys.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

COMBINATION: Final = Combination("fsfreeze", "software-reflink")


@pytest.mark.parametrize("point", [*BEFORE_WINDOW, *IN_WINDOW])
@pytest.mark.parametrize("number", SIGNALS, ids=lambda each: each.name)
def test_a_run_whose_watchdog_is_lost_thaws_in_its_place_and_aborts(
    scene: Scene, point: CrashPoint, number: signal.Signals
) -> None:
    lose_watchdog(scene, point, number)


def test_a_run_and_a_watchdog_that_were_killed_leave_the_thaw_to_recovery(scene: Scene) -> None:
    lose_both(scene)
