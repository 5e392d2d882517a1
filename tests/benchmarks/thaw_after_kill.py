"""How soon file systems are thawed once the process that froze them is killed."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from orchestrator.lab.real.file_systems import thaw
from orchestrator.lab.real.namespace import leave_common_mounts
from tests.benchmarks.figures import Row
from tests.benchmarks.lab import memory_folder
from tests.benchmarks.real_lab import RealLab, real_lab

KILLS = 100
FILE_SYSTEMS = 2
DEAD_MAN_S = 2.0
GRACE_S = 1.0
LOST_S = 30.0


def measure(rounds: int) -> list[Row]:
    """Return how long after the deadline the last thaw came, at worst; below zero: before it."""
    if os.geteuid() != 0:
        return []
    leave_common_mounts()
    with memory_folder() as home, real_lab(home, FILE_SYSTEMS) as lab:
        late_s = [_late_s(lab) for _ in range(KILLS)]
    in_time = sum(each <= GRACE_S for each in late_s)
    detail = f"{in_time} of {KILLS} within {GRACE_S:g} s of the deadline, {DEAD_MAN_S:g} s after the freeze"
    return [Row("thaw after SIGKILL, after the deadline, worst", max(late_s), "s", GRACE_S, detail)]


def _late_s(lab: RealLab) -> float:
    script = Path(__file__).with_name("frozen_child.py")
    runtime_folder = lab.home / "run"
    command = [sys.executable, str(script), str(runtime_folder), str(DEAD_MAN_S), *lab.mount_points]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        deadline = float(child.stdout.readline())
        watchdog = os.pidfd_open(_watchdog_of(runtime_folder))
        child.send_signal(signal.SIGKILL)
        assert select.select([watchdog], [], [], LOST_S)[0], "the watchdog did not end"
        late_s = time.monotonic() - deadline
        os.close(watchdog)
    assert _all_thawed(lab.mount_points), "the watchdog has ended, and something is frozen"
    return late_s


def _watchdog_of(runtime_folder: Path) -> int:
    (lease,) = runtime_folder.glob("*.lease")
    pid: int = json.loads(lease.read_text())["watchdog"]["pid"]
    return pid


def _all_thawed(mount_points: Sequence[str]) -> bool:
    return not any([thaw(Path(each)) for each in mount_points])
