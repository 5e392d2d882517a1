"""The watchdog's end of its pair of sockets: requests, the other end's death, time, and its own wake-ups."""

from __future__ import annotations

import math
import os
import select
import signal
import time
from contextlib import suppress
from enum import Enum, auto
from typing import Final

from orchestrator.hosts.watchdog.protocol import Request, read_request

CHUNK_BYTES: Final = 1 << 16


class Wake(Enum):
    """Why the watchdog woke, if not for a request."""

    TIME = auto()
    ITSELF = auto()
    ALONE = auto()


class Channel:
    """Reads requests from one descriptor and writes answers to another. Used by the main thread only.

    `wake` alone may be called from anywhere; signals wake it too.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        self._unread = b""
        self.alone = False
        self._woken, self._waker = os.pipe()
        for descriptor in (self._woken, self._waker):
            os.set_blocking(descriptor, False)
        self._poll = select.poll()
        self._poll.register(self._requests, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)

    def catch_signals(self) -> None:
        """Let every signal that has a handler wake `wait`."""
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)

    def wake(self) -> None:
        """Make `wait` return."""
        with suppress(BlockingIOError):  # full: it will wake anyway
            os.write(self._waker, b"\0")

    def wait(self, until: float | None) -> Request | Wake:
        """Return the next request, or why there is none.

        Args:
            until: when to give up, on the monotonic clock; None for never.
        """
        if b"\n" in self._unread:
            return self._next_request()
        ready = {descriptor for descriptor, _ in self._poll.poll(_milliseconds(until))}
        if self._woken in ready:
            os.read(self._woken, CHUNK_BYTES)
            return Wake.ITSELF
        if self._requests in ready:
            return self._read()
        return Wake.TIME

    def say(self, line: bytes) -> None:
        """Send an answer; nobody may be there to read it."""
        rest = memoryview(line)
        with suppress(OSError):
            while rest and not self.alone:
                rest = rest[os.write(self._answers, rest) :]

    def close(self) -> None:
        """Let go of what wakes it; the two descriptors are its maker's."""
        for descriptor in (self._woken, self._waker):
            os.close(descriptor)

    def _read(self) -> Request | Wake:
        try:
            chunk = os.read(self._requests, CHUNK_BYTES)
        except OSError:
            chunk = b""  # a reset connection is as dead as a closed one
        if not chunk:
            return self._be_alone()
        self._unread += chunk
        return self._next_request() if b"\n" in self._unread else Wake.ITSELF

    def _next_request(self) -> Request | Wake:
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            return read_request(line)
        except (ValueError, KeyError, TypeError):
            return self._be_alone()  # whoever speaks another language is not our orchestrator

    def _be_alone(self) -> Wake:
        if not self.alone:
            self.alone = True
            self._unread = b""
            self._poll.unregister(self._requests)
        return Wake.ALONE


def _milliseconds(until: float | None) -> int | None:
    return None if until is None else max(0, math.ceil((until - time.monotonic()) * 1000))
