"""Keeps log entries in memory while a freeze window is open (R8)."""

from __future__ import annotations

import logging
from collections import deque
from threading import RLock
from typing import Final

_HELD_AT_MOST: Final = 10_000  # entries; a window lasts seconds


class WindowBuffer:
    """Between the loggers and the handler that writes. Threads may share it."""

    def __init__(self, target: logging.Handler) -> None:
        self._target = target
        self._lock = RLock()
        self._windows = 0
        self._held: deque[logging.LogRecord] = deque(maxlen=_HELD_AT_MOST)

    def hold(self) -> None:
        """Write nothing until `release` has been called as often as this."""
        with self._lock:
            self._windows += 1

    def release(self) -> None:
        """End one `hold`; the last one writes what was held, in order. Never raises."""
        with self._lock:
            self._windows = max(0, self._windows - 1)
            while self._held and not self._windows:
                self._target.handle(self._held.popleft())

    def take(self, record: logging.LogRecord) -> None:
        """Keep an entry, or hand it on when no window is open."""
        with self._lock:
            if self._windows:
                self._held.append(record)
            else:
                self._target.handle(record)
