"""What clocks said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks of one machine at one moment.

    A monotonic clock stands still while a virtual machine is paused and a wall clock can be set: only
    the two together show that neither happened.

    Attributes:
        wall: aware, UTC.
        monotonic_s: seconds since an arbitrary start; comparable on the same machine only.
    """

    wall: datetime
    monotonic_s: float

    def elapsed_s(self, until: Reading) -> float:
        """Return the longer of the two clocks' opinions of the time from here until then."""
        return max(until.monotonic_s - self.monotonic_s, (until.wall - self.wall).total_seconds())

    def not_after(self, other: Reading) -> bool:
        """Tell whether neither clock puts this reading after the other one."""
        return self.monotonic_s <= other.monotonic_s and self.wall <= other.wall

    def disagreement_s(self, until: Reading) -> float:
        """Return by how much the two clocks differ about the time from here until then."""
        return abs((until.monotonic_s - self.monotonic_s) - (until.wall - self.wall).total_seconds())


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Another machine's wall clock against ours: theirs minus ours, give or take the error."""

    offset_s: float
    error_s: float
