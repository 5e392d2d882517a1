"""The log of calls: what reached the array, in order."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any, Final

LOG_LENGTH: Final = 10_000


@dataclass(slots=True)
class Call:
    """One request. `status` is 0 until it is answered, and stays 0 when its answer was dropped."""

    call: str
    at_ms: int
    status: int = 0


class CallLog:
    """Counts of all calls by "METHOD resource", and the latest of them one by one."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.latest: deque[Call] = deque(maxlen=LOG_LENGTH)

    def arrived(self, call: str, at_ms: int) -> Call:
        """Note a request before anything is done about it."""
        entry = Call(call, at_ms)
        self.counts[call] += 1
        self.latest.append(entry)
        return entry

    def as_data(self) -> dict[str, Any]:
        """Return all of it as JSON-ready data."""
        return {"counts": dict(self.counts), "calls": [asdict(entry) for entry in self.latest]}
