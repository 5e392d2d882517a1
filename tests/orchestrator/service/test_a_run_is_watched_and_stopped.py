from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from dataclasses import replace

import pytest

from orchestrator.engine.progress import Phase, ignore
from orchestrator.errors import Interrupted
from orchestrator.logs import WindowBuffer
from orchestrator.model.grades import RunStatus
from orchestrator.service.supervision import logs_held, perform_until_stopped
from tests.orchestrator.engine.fake_array import Behaviour, CommitFault
from tests.orchestrator.engine.scene import Scene


class Written(logging.Handler):
    """Keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def a_line(text: str) -> logging.LogRecord:
    return logging.LogRecord("test", logging.INFO, "", 0, text, None, None)


def test_logs_wait_in_memory_from_the_freeze_to_the_next_phase() -> None:
    written, seen = Written(), list[Phase]()
    buffer = WindowBuffer(written)
    with logs_held(buffer, lambda phase, _: seen.append(phase)) as watch:
        watch(Phase.PREPARE, "")
        buffer.take(a_line("prepared"))
        assert written.lines == ["prepared"]
        watch(Phase.FREEZE, "")
        buffer.take(a_line("frozen"))
        assert written.lines == ["prepared"]
        watch(Phase.SETTLE, "")
        assert written.lines == ["prepared", "frozen"]
    assert seen == [Phase.PREPARE, Phase.FREEZE, Phase.SETTLE]


def test_logs_are_let_go_when_a_run_ends_inside_its_window() -> None:
    written = Written()
    buffer = WindowBuffer(written)
    with suppress(KeyError), logs_held(buffer, ignore) as watch:
        watch(Phase.FREEZE, "")
        buffer.take(a_line("frozen"))
        raise KeyError
    assert written.lines == ["frozen"]


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT, signal.SIGTERM]])
async def test_signals_inside_the_window_end_in_an_aborted_run(signals: list[signal.Signals]) -> None:
    scene = Scene()
    scene.arrays[0].behaviour = Behaviour(commit=CommitFault.HANGS, latency_s=0.0)
    for array in scene.arrays:
        array.capabilities = replace(array.capabilities, request_life_s=0.01)
    task = asyncio.create_task(perform_until_stopped(scene.run))
    await scene.host.is_frozen.wait()
    for number in signals:
        signal.raise_signal(number)
        await asyncio.sleep(0)
    result = await task
    assert result.status is RunStatus.ABORTED
    assert result.error is not None
    assert result.error.code == "run.interrupted"
    assert not scene.host.frozen
    assert scene.left_behind() == set()


async def test_a_signal_before_anything_was_touched_interrupts() -> None:
    scene = Scene()
    task = asyncio.create_task(perform_until_stopped(scene.run))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Interrupted):
        await task
    assert scene.journal.entries == []
