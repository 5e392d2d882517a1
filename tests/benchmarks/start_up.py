"""How long a person waits for `quiesce --help`."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

from tests.benchmarks.figures import Row

BAR_S = 0.25
COMMAND = (sys.executable, "-m", "orchestrator", "--help")


def measure(rounds: int) -> list[Row]:
    """Return the median of whole-process times."""
    times = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "orchestrator", "--help"], check=True, stdout=subprocess.DEVNULL
        )
        times.append(time.perf_counter() - begun)
    return [Row("quiesce --help", median(times[1:]), "s", BAR_S, f"{rounds} runs")]
