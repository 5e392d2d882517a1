from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import orchestrator
from orchestrator.journal.crash_points import CrashPoint

PASS_ALL = """
from orchestrator.journal.crash_points import CrashPoint
for point in CrashPoint:
    print(point, flush=True)
    point.passed()
"""


def passing_all(armed: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "QUIESCE_CRASH_AT": armed}
    return subprocess.run(
        [sys.executable, "-c", PASS_ALL], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("point", [CrashPoint.BEGUN, CrashPoint.CLOSED, CrashPoint.UNDONE])
def test_at_the_point_that_is_named_and_no_other(point: CrashPoint) -> None:
    died = passing_all(point)
    assert died.returncode == -signal.SIGKILL
    assert died.stdout.split()[-1] == point


@pytest.mark.parametrize("armed", ["", "nowhere"])
def test_nowhere_unless_told(armed: str) -> None:
    lived = passing_all(armed)
    assert (lived.returncode, lived.stdout.split()) == (0, [*CrashPoint])


def test_every_point_is_passed_somewhere_in_the_engine() -> None:
    engine = Path(orchestrator.__file__).parent / "engine"
    text = "".join(path.read_text(encoding="utf-8") for path in engine.glob("*.py"))
    assert set(re.findall(r"CrashPoint\.(\w+)\.passed\(\)", text)) == {point.name for point in CrashPoint}
