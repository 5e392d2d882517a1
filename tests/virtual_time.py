"""An event loop whose clock jumps to the next timer instead of waiting, for tests of deadlines.

Mark a test `@pytest.mark.virtual_time`, or hand a coroutine to `run_in_virtual_time`. Hours then pass in
microseconds and in the same order every time. Time stands still while a thread of the loop's executor
works. Sockets and child processes have no place here: the clock does not wait for them.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

from orchestrator.model.time import Reading

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

EPOCH: Final = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)


class NothingWillHappen(RuntimeError):
    """Everybody waits, and no timer will ever wake anybody."""


class JumpingSelector(selectors.DefaultSelector):
    """Passes virtual time instead of waiting for real time."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.threads_at_work = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; if nothing is, move the clock to where the loop wants to be woken."""
        if self.threads_at_work:
            return super().select(None if timeout is None or timeout > 0 else 0)
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise NothingWillHappen("every task waits and there is no timer")
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop on virtual time, which starts at 0."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run in a thread, and hold the clock until it is done."""
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads_at_work += 1
        future.add_done_callback(self._thread_is_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """End the executor's threads, for which the loop must wait in real time."""
        self._jumping.threads_at_work += 1
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._jumping.threads_at_work -= 1

    def _thread_is_done(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads_at_work -= 1


class VirtualClock:
    """Both clocks of a machine in virtual time; ask it inside a virtual-time loop only."""

    def __init__(self, epoch: datetime = EPOCH) -> None:
        self._epoch = epoch
        self._paused_s = 0.0

    def now(self) -> float:
        """Return the monotonic time in seconds: the loop's own, so deadlines for `asyncio.timeout_at`."""
        return asyncio.get_running_loop().time()

    def reading(self) -> Reading:
        """Return what both clocks say."""
        now = self.now()
        return Reading(self._epoch + timedelta(seconds=now + self._paused_s), now)

    def pause(self, seconds: float) -> None:
        """Do what the pause of a virtual machine does: the wall clock goes on, the monotonic one does not."""
        self._paused_s += seconds


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own, from time 0."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
