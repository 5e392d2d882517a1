"""The emulated array's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class ArrayClock:
    """A wall clock that may be wrong by `skew_s`, and a monotonic one for idle times."""

    def __init__(self, skew_s: float = 0.0) -> None:
        self.skew_s = skew_s

    def now_ms(self) -> int:
        """Return the array's wall clock in whole milliseconds since 1970, UTC."""
        return int((datetime.now(UTC).timestamp() + self.skew_s) * 1000)

    def monotonic_s(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()
