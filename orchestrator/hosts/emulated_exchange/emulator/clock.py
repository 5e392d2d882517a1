"""The emulated host's own clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from orchestrator.model.time import Reading


class HostClock(Protocol):
    """Where the host takes the time from. Timers run on the event loop, at the same pace."""

    def reading(self) -> Reading:
        """Return both clocks at this moment."""


class MachineClock:
    """The machine's clocks; the wall clock wrong by `skew_s`, the monotonic one counting from now.

    Nobody can mistake such monotonic seconds for the orchestrator's own.
    """

    def __init__(self, skew_s: float = 0.0) -> None:
        self._skew = timedelta(seconds=skew_s)
        self._start_s = time.monotonic()

    def reading(self) -> Reading:
        """Return both clocks at this moment."""
        return Reading(datetime.now(UTC) + self._skew, time.monotonic() - self._start_s)


class JumpingClock:
    """Another clock, whose wall time can be set."""

    def __init__(self, clock: HostClock) -> None:
        self._clock = clock
        self._jumped = timedelta()

    def reading(self) -> Reading:
        """Return both clocks at this moment."""
        reading = self._clock.reading()
        return Reading(reading.wall + self._jumped, reading.monotonic_s)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward."""
        self._jumped += timedelta(seconds=seconds)
