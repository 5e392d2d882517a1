"""The clock of the orchestrator: instants of the event loop, and readings of both clocks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

from orchestrator.model.time import Reading


class Clock(Protocol):
    """Where the engine takes the time from."""

    def now(self) -> float:
        """Return the event loop's time: what `asyncio.timeout_at` understands, in seconds."""

    def reading(self) -> Reading:
        """Return both clocks at this moment."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Return the event loop's time."""
        return asyncio.get_running_loop().time()

    def reading(self) -> Reading:
        """Return wall and monotonic clock, taken back to back."""
        return Reading(wall=datetime.now(UTC), monotonic_s=asyncio.get_running_loop().time())
