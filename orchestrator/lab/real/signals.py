"""SIGINT and SIGTERM, obeyed between two steps of the lab and never in the middle of one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from orchestrator.engine.progress import Phase
from orchestrator.errors import Interrupted

NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """What has come so far."""

    def __init__(self) -> None:
        self._came = False

    def check(self) -> None:
        """Raise if one has come.

        Raises:
            Interrupted: `run.interrupted`.
        """
        if self._came:
            raise Interrupted("run.interrupted", "stopped from outside; everything was taken away")

    def note_during_run(self, phase: Phase, _text: str) -> None:
        """Observe a run: it undoes itself when a signal comes, but does not say so if it was proven by then.

        It would also leave the system's own handlers behind, which strike anywhere.
        """
        loop, run = asyncio.get_running_loop(), asyncio.current_task()
        for number in NUMBERS:
            if phase is Phase.SURVEY:
                loop.add_signal_handler(number, self._stop_run, run)
            elif phase is Phase.DONE:
                loop.remove_signal_handler(number)
                signal.signal(number, self.note)

    def note(self, _number: int, _frame: FrameType | None) -> None:
        """Handle a signal outside a run."""
        self._came = True

    def _stop_run(self, run: asyncio.Task[Any] | None) -> None:
        self._came = True
        if run is not None:
            run.cancel()


@contextmanager
def signals_noted() -> Iterator[Signals]:
    """Note signals for the length of the block; afterwards they mean what they meant before."""
    signals = Signals()
    before = {number: signal.signal(number, signals.note) for number in NUMBERS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
