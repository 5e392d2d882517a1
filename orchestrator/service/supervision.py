"""What surrounds a run: signals that undo it, and logs that stay in memory while writers are frozen."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.engine.progress import Observer, Phase
from orchestrator.engine.result import RunResult
from orchestrator.engine.run import CloneRun
from orchestrator.errors import Interrupted
from orchestrator.logs import WindowBuffer


async def perform_until_stopped(run: CloneRun) -> RunResult:
    """Perform a run; every SIGINT or SIGTERM cancels it, and a cancelled run still thaws and undoes.

    asyncio's own handling would tear the loop down at the second SIGINT, in mid-thaw.

    Raises:
        Interrupted: it was stopped before it had touched anything.
    """
    task = asyncio.create_task(run.perform())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if run.result is None:
            raise Interrupted("run.interrupted", "stopped before anything was touched") from None
        return run.result


@contextmanager
def logs_held(buffer: WindowBuffer, observe: Observer) -> Iterator[Observer]:
    """Yield an observer that also keeps log lines in memory from the freeze until the next phase (R8)."""
    held = False

    def release() -> None:
        nonlocal held
        if held:
            buffer.release()
        held = False

    def watch(phase: Phase, text: str) -> None:
        nonlocal held
        release()
        observe(phase, text)
        if phase is Phase.FREEZE:
            buffer.hold()
            held = True

    try:
        yield watch
    finally:
        release()
