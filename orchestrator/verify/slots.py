"""How many verifications read at the same time in this process; the others queue in the order they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrator.plugin.verifier import Control
from orchestrator.verify.throttle import ASK_S

# Two keep an array's port busy without taking it from production; more only wait for each other.
AT_ONCE: Final = 2


class Slots:
    """A queue before a limited number of places."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()

    @contextmanager
    def taken(self, control: Control) -> Iterator[None]:
        """Hold one of the places; wait for it first, in order.

        While waiting, the control sees "waiting for N other verifications", and is asked whether to go on.

        Raises:
            VerificationStopped: the control said so.
        """
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
        try:
            self._wait(ticket, control)
            yield
        finally:
            with self._changed:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _wait(self, ticket: object, control: Control) -> None:
        told = 0
        while before := self._before(ticket):
            control.take(0)
            if before != told:  # each step forward in the queue once
                told = before
                control.advance(f"waiting for {before} other verification{'s' * (before > 1)}", 0, 0)
            with self._changed:
                self._changed.wait(ASK_S)

    def _before(self, ticket: object) -> int:
        """Return how many must end before this one may begin."""
        with self._changed:
            return max(0, self._queue.index(ticket) - self._at_once + 1)
