"""How a run stops a verifier, and hears how far it is."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Final

from orchestrator.errors import VerificationStopped

TOLD_EVERY_S: Final = 0.2  # as often as a person can read it


class VerificationControl:
    """The control of one verifier, used from its threads. What it reads is not slowed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, progress: Callable[[str], None]) -> None:
        self._loop = loop
        self._progress = progress
        self._stopped = threading.Event()
        self._told_at = -TOLD_EVERY_S

    def stop(self) -> None:
        """Let the next request for bytes fail."""
        self._stopped.set()

    def take(self, size_bytes: int) -> None:
        """Let the verifier read, unless it was stopped.

        Raises:
            VerificationStopped: it was.
        """
        if self._stopped.is_set():
            raise VerificationStopped("verify.stopped", "stopped from outside before its end")

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Pass on how far it is, from time to time."""
        now = time.monotonic()
        if now - self._told_at < TOLD_EVERY_S:
            return
        self._told_at = now
        share = f": {done_bytes * 100 // total_bytes} % of {total_bytes:,} bytes" if total_bytes else ""
        self._loop.call_soon_threadsafe(self._progress, what + share)
