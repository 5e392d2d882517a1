"""The crash points, as runs on a host without writers pass them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

from orchestrator.journal.crash_points import CrashPoint
from tests.journeys.real.scene import Scene

# There are no writers to tell.
NOT_PASSED: Final = frozenset({CrashPoint.TELLING, CrashPoint.TOLD})

# From here on the proof is on disk, so nothing may delete the set any more; `undone` has none.
PROVEN: Final = list(CrashPoint)[list(CrashPoint).index(CrashPoint.SIGNED) : -1]

IN_WINDOW: Final = (
    CrashPoint.FROZEN,
    CrashPoint.CUT_ASKED,
    CrashPoint.CUT_ACKNOWLEDGED,
    CrashPoint.RELEASED,
)


def a_job_that_passes(scene: Scene, point: CrashPoint) -> Path:
    """Return a job whose run comes to a point. Only one that fails undoes anything: when all is armed."""
    return scene.job(budgets={"warm_s": 1e-6} if point is CrashPoint.UNDONE else {}, verify=True)


SIGNALS: Final = (signal.SIGKILL, signal.SIGSTOP)
BEFORE_WINDOW: Final = (CrashPoint.SET_OPENED, CrashPoint.ARMED, CrashPoint.OPENING)
