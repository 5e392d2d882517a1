"""How fast clones are read, and whether at all: two kinds of `Control`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from orchestrator.errors import VerificationStopped

# A verification that is not wanted any more is told so at least this often.
ASK_S: Final = 0.1


class StopSign(Protocol):
    """Whether somebody wants it to stop; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Return whether it is to stop."""

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds, or until it is to stop; return whether it is."""


Watch = Callable[[str, int, int], None]


def nobody_watches(what: str, done_bytes: int, total_bytes: int) -> None:
    """Let progress pass unseen."""


class Unthrottled:
    """Reads as fast as it can, until a stop sign is set."""

    def __init__(self, stop: StopSign | None = None, watch: Watch = nobody_watches) -> None:
        self._stop = threading.Event() if stop is None else stop
        self._watch = watch

    def take(self, size_bytes: int) -> None:
        """Go on at once, unless it is to stop."""
        _stop_if(self._stop.is_set())

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Hand progress on."""
        self._watch(what, done_bytes, total_bytes)


class Throttle:
    """Reads at most so many bytes and so many requests a second; None for no limit.

    Every request reserves its share of time behind the ones before it. Time that nobody used is not saved up:
    after a pause there is no burst.
    """

    def __init__(
        self,
        bytes_per_s: float | None = None,
        requests_per_s: float | None = None,
        *,
        stop: StopSign | None = None,
        watch: Watch = nobody_watches,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._s_per_byte = 0.0 if bytes_per_s is None else 1 / bytes_per_s
        self._s_per_request = 0.0 if requests_per_s is None else 1 / requests_per_s
        self._stop = threading.Event() if stop is None else stop
        self._watch = watch
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock()

    def take(self, size_bytes: int) -> None:
        """Wait for the turn of this request. A request for no bytes only asks whether to stop."""
        _stop_if(self._stop.is_set())
        turn_at = self._reserve(size_bytes)
        while (left_s := turn_at - self._clock()) > 0:
            _stop_if(self._stop.wait(min(left_s, ASK_S)))

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Hand progress on."""
        self._watch(what, done_bytes, total_bytes)

    def _reserve(self, size_bytes: int) -> float:
        if size_bytes == 0:
            return self._clock()
        with self._lock:
            turn_at = max(self._clock(), self._free_at)
            self._free_at = turn_at + max(size_bytes * self._s_per_byte, self._s_per_request)
            return turn_at


def _stop_if(wanted: bool) -> None:
    if wanted:
        raise VerificationStopped("verify.stopped", "the verification was stopped before its end")
