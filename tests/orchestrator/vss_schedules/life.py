"""The life of the orchestrator's process in virtual time: once it is dead, nothing that it asks for happens.

Whatever it had asked for before goes on where it was asked for, as after a kill with signal 9. Tasks of a
dead process end at their next request, with an exception that no part of the engine catches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.journal.entries import EntryKind
from orchestrator.journal.store import MemoryJournal
from tests.orchestrator.engine.scene import MemoryRecorder, TickingClock

T = TypeVar("T")


class ProcessDied(BaseException):
    """There is nobody left to catch it."""


@dataclass(slots=True)
class Life:
    """One process.

    Attributes:
        dies_at: where it dies, if it comes there.
    """

    dies_at: CrashPoint | None = None
    over: bool = False

    def check(self) -> None:
        if self.over:
            raise ProcessDied

    def pass_by(self, point: CrashPoint) -> None:
        self.over = self.over or point is self.dies_at
        self.check()


IMMORTAL: Final = Life()
LIFE: Final = ContextVar("LIFE", default=IMMORTAL)


async def while_alive(work: Callable[[], Awaitable[T]]) -> T:
    """Make a request, unless the process that makes it is dead; a dead one gets no answer either."""
    life = LIFE.get()
    life.check()
    answer = await work()
    life.check()
    return answer


@contextmanager
def crash_points_kill() -> Iterator[None]:
    """Let a process die at its crash point in virtual time, instead of this one."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(CrashPoint, "passed", lambda point: LIFE.get().pass_by(point))
        yield


def nobody_asks_after_the_dead(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Say nothing of tasks that ended with their process."""
    if not isinstance(context.get("exception"), ProcessDied):
        loop.default_exception_handler(context)


class MortalJournal(MemoryJournal):
    """A journal that a dead process writes nothing to."""

    def __init__(self, clock: TickingClock) -> None:
        super().__init__()
        self.clock = clock
        self.last_at = 0.0

    async def record(self, kind: EntryKind, data: Mapping[str, Any] | None = None) -> None:
        await while_alive(lambda: super(MortalJournal, self).record(kind, data))
        self.last_at = self.clock.now()


class MortalRecorder(MemoryRecorder):
    """A recorder that signs nothing for the dead."""

    async def proven(self, *args: Any) -> Any:
        return await while_alive(lambda: super(MortalRecorder, self).proven(*args))

    async def told(self, *args: Any) -> Any:
        return await while_alive(lambda: super(MortalRecorder, self).told(*args))

    async def verified(self, *args: Any) -> Any:
        return await while_alive(lambda: super(MortalRecorder, self).verified(*args))

    async def given_up(self, *args: Any) -> Any:
        return await while_alive(lambda: super(MortalRecorder, self).given_up(*args))
