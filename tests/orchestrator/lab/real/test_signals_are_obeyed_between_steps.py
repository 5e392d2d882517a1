from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from orchestrator.engine.progress import Phase
from orchestrator.errors import Interrupted
from orchestrator.lab.real.signals import NUMBERS, Signals, signals_noted


async def a_run_that_is_proven_already(signals: Signals, number: signal.Signals | None) -> None:
    """Swallow the cancellation, as a run does that has come too far to be undone."""
    signals.note_during_run(Phase.SURVEY, "")
    if number is not None:
        os.kill(os.getpid(), number)
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    signals.note_during_run(Phase.DONE, "")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_outside_a_run_waits_for_the_next_check(number: signal.Signals) -> None:
    with signals_noted() as signals:
        signals.check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted):
            signals.check()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_that_a_run_swallowed_is_not_forgotten(number: signal.Signals) -> None:
    with signals_noted() as signals:
        asyncio.run(a_run_that_is_proven_already(signals, number))
        with pytest.raises(Interrupted):
            signals.check()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_run_leaves_no_handler_that_would_strike_anywhere(number: signal.Signals) -> None:
    with signals_noted() as signals:
        asyncio.run(a_run_that_is_proven_already(signals, None))
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted):
            signals.check()


def test_afterwards_signals_mean_what_they_did() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    with signals_noted():
        assert [signal.getsignal(number) for number in NUMBERS] != before
    assert [signal.getsignal(number) for number in NUMBERS] == before
