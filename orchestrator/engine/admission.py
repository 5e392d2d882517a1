"""How many runs of one process may be under way at once.

A window shares its event loop with every other run's preparation, settling and signing. Each of these costs
the loop tens of milliseconds in all, so a hundred at once would make every window longer: later runs wait
here instead, before they have touched anything, where waiting costs nobody's writers anything.
"""

from __future__ import annotations

import asyncio
from typing import Final

# Measured by `make bench` on two cores: with 8 under way, windows of 150 ms do not feel 100 runs waiting.
# Windows of 20 ms do, by half; fewer places would help them little and make everybody wait longer.
RUNS_AT_ONCE: Final = 8


class Admission:
    """Shared by all runs of a process; a run holds its place from survey to end."""

    def __init__(self, runs_at_once: int = RUNS_AT_ONCE) -> None:
        self._places = asyncio.Semaphore(runs_at_once)

    async def __aenter__(self) -> None:
        """Wait for a place."""
        await self._places.acquire()

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        self._places.release()
