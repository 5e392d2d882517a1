"""This machine's clocks, as every part of a VSS host reads them."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

from orchestrator.model.time import Reading


def read_clocks() -> Reading:
    """Read both clocks, one right after the other."""
    return Reading(datetime.now(UTC), monotonic_s())


def monotonic_s() -> float:
    """Return seconds since an arbitrary start.

    Python 3.11 reads GetTickCount64 for `time.monotonic` on Windows, which moves in steps of 16 ms; its
    `perf_counter` is the performance counter there, one and the same in every process.
    """
    return time.perf_counter() if sys.platform == "win32" else time.monotonic()
