"""SIGKILL of the orchestrator at every crash point, on a guest and a storage daemon."""

from __future__ import annotations

from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from tests.journeys.real.killing import kill_and_recover
from tests.journeys.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

COMBINATION: Final = Combination("qemu-guest-agent", "qemu-block")


@pytest.mark.parametrize("point", CrashPoint)
def test_a_killed_run_on_a_guest_is_thawed_at_once_and_its_set_kept_only_if_proven(
    scene: Scene, point: CrashPoint
) -> None:
    kill_and_recover(scene, point)
