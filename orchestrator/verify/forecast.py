"""How long a verification will take, from how long earlier ones took. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

# Older ones tell of another array, another load or another software.
LAST: Final = 10


@dataclass(frozen=True, slots=True)
class VerificationForecast:
    """When it will be done.

    Attributes:
        seconds: None if nothing is known.
        basis: what that rests on, for people.
    """

    seconds: float | None
    basis: str


def verification_forecast(size_bytes: int, history: Sequence[tuple[int, float]]) -> VerificationForecast:
    """Return how long so many bytes will take to read.

    Args:
        size_bytes: to be read.
        history: (bytes, seconds) of earlier verifications, the latest last; zeros do not count.
    """
    speeds = [size / seconds for size, seconds in history[-LAST:] if size > 0 and seconds > 0]
    if not speeds:
        return VerificationForecast(None, "no earlier verification to go by")
    speed = median(speeds)
    earlier = (
        "the last verification" if len(speeds) == 1 else f"the middle of the last {len(speeds)} verifications"
    )
    return VerificationForecast(size_bytes / speed, f"{speed / 1e6:,.0f} MB/s, {earlier}")
