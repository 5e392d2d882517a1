"""What surrounds a run: wishes that stop it, and logs that stay in memory while writers are frozen."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from orchestrator.engine.progress import Observer, Phase
from orchestrator.engine.result import RunResult
from orchestrator.engine.run import CloneRun
from orchestrator.errors import Interrupted
from orchestrator.logs import WindowBuffer

LOOK_S: Final = 0.5  # how often a run looks whether somebody wishes it stopped

Wish = Callable[[], bool]


class Watch:
    """An observer that also keeps log lines in memory from the freeze until the next phase (R8)."""

    def __init__(self, buffer: WindowBuffer, observe: Observer) -> None:
        self._buffer = buffer
        self._observe = observe
        self.frozen = False

    def __call__(self, phase: Phase, text: str) -> None:
        """Pass a phase on."""
        self.release()
        self._observe(phase, text)
        if phase is Phase.FREEZE:
            self._buffer.hold()
            self.frozen = True

    def release(self) -> None:
        """Let the lines go, if they are kept."""
        if self.frozen:
            self._buffer.release()
        self.frozen = False


async def perform_until_stopped(run: CloneRun, wished: Wish = lambda: False) -> RunResult:
    """Perform a run; every SIGINT or SIGTERM cancels it, and a cancelled run still thaws and undoes.

    asyncio's own handling would tear the loop down at the second SIGINT, in mid-thaw.

    Args:
        run: to be performed.
        wished: tells whether somebody wishes it stopped; asked from time to time.

    Raises:
        Interrupted: it was stopped before it had touched anything.
    """
    task = asyncio.create_task(run.perform())
    looking = asyncio.create_task(_look_out(task, wished))
    _stop_by_signals(task)
    try:
        return await task
    except asyncio.CancelledError:
        if run.result is None:
            raise Interrupted("run.interrupted", "stopped before anything was touched") from None
        return run.result
    finally:
        looking.cancel()


async def wait_unless_stopped(seconds: float, wished: Wish = lambda: False) -> bool:
    """Wait, and tell whether nobody stopped it: by a signal, or by a wish."""
    task = asyncio.create_task(asyncio.sleep(seconds))
    looking = asyncio.create_task(_look_out(task, wished))
    _stop_by_signals(task)
    with suppress(asyncio.CancelledError):
        await task
    looking.cancel()
    return not task.cancelled()


def _stop_by_signals(task: asyncio.Task[Any]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)


async def _look_out(task: asyncio.Task[Any], wished: Wish) -> None:
    while not wished():  # noqa: ASYNC110 - whoever wishes it is another process
        await asyncio.sleep(LOOK_S)
    task.cancel()


@contextmanager
def logs_held(buffer: WindowBuffer, observe: Observer) -> Iterator[Watch]:
    """Yield a watch whose log lines are let go at the end, however that comes."""
    watch = Watch(buffer, observe)
    try:
        yield watch
    finally:
        watch.release()
