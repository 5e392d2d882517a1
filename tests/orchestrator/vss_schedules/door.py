"""The way to the host: slow, and at times it loses requests or answers. Whatever passes is remembered.

The host goes on with what it was asked although the asker has gone, as it does behind a socket.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel

from orchestrator.errors import HostError
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
)
from orchestrator.plugin import HostCoordinator, HostSet, SetPlan
from tests.orchestrator.vss_schedules.life import while_alive

T = TypeVar("T")


class DoorForm(StrEnum):
    """What can happen to one request on its way."""

    LOST_BEFORE = "lost-before"
    LOST_AFTER = "lost-after"
    HANGS = "hangs"  # the host never gets it, and nobody is told
    ANSWER_HANGS = "answer-hangs"  # the host obeys, and nobody is told


OPS: Final = ("survey", "open", "freeze", "thaw", "writer_status", "complete", "abort", "recover")
DOOR_FAULTS: Final = tuple(f"door-{op}:{form}" for op, form in product(OPS, DoorForm))


@dataclass(slots=True)
class Passage:
    """One request: when it was sent, and what the host itself answered, if it ever did."""

    op: str
    set_id: str
    sent: float
    args: Any = None
    answer: Any = None


@dataclass
class Door(HostCoordinator):
    """Stands between the engine and an emulated host."""

    kind: ClassVar[str] = "emulated-exchange"
    settings_model: ClassVar[type[BaseModel]] = BaseModel
    ceiling = Grade.WRITER_VERIFIED

    inner: HostCoordinator
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a seed, not a secret
    latency_s: float = 0.0
    planned: dict[str, int] = field(default_factory=dict)
    struck: list[str] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    _work: set[asyncio.Task[Any]] = field(default_factory=set)

    async def ask(self, op: str, work: Callable[[], Awaitable[T]], set_id: str = "", args: Any = None) -> T:
        """Let one request through, or what becomes of it."""
        return await while_alive(lambda: self._ask(op, work, set_id, args))

    async def _ask(self, op: str, work: Callable[[], Awaitable[T]], set_id: str, args: Any) -> T:
        passage = Passage(op, set_id, asyncio.get_running_loop().time(), args)
        self.passages.append(passage)
        await asyncio.sleep(self.latency_s * self.rng.random())
        form = self._strikes(op)
        if form is DoorForm.LOST_BEFORE:
            raise self._gone(op)
        if form is DoorForm.HANGS:
            await asyncio.sleep(100_000)

        async def at_the_host() -> T:
            passage.answer = await work()
            return passage.answer  # type: ignore[no-any-return] # what was put in a moment ago

        task = asyncio.ensure_future(at_the_host())
        self._work.add(task)
        task.add_done_callback(self._done)
        answer = await asyncio.shield(task)
        if form is DoorForm.LOST_AFTER:
            raise self._gone(op)
        if form is DoorForm.ANSWER_HANGS:
            await asyncio.sleep(100_000)
        await asyncio.sleep(self.latency_s * self.rng.random())
        return answer

    def asked(self, op: str, set_id: str) -> list[Passage]:
        """Return every request of a kind for one set."""
        return [one for one in self.passages if one.op == op and one.set_id == set_id]

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may have gone: asyncio would complain

    def _strikes(self, op: str) -> DoorForm | None:
        for form in DoorForm:
            name = f"door-{op}:{form}"
            if name in self.planned:
                self.planned[name] -= 1
                if self.planned[name] == 0:
                    del self.planned[name]
                    self.struck.append(name)
                    return form
        return None

    def _gone(self, op: str) -> HostError:
        return HostError("host.gone", f"{op}: the connection was lost", subject="exch01")

    async def connect(self) -> None: ...

    async def close(self) -> None: ...

    async def identify(self) -> HostIdentity:
        return await self.inner.identify()

    async def survey(self) -> Survey:
        return await self.ask("survey", lambda: self.inner.survey())

    async def open(self, plan: SetPlan) -> HostSet:
        inner = await self.ask("open", lambda: self.inner.open(plan), plan.set_id, plan)
        return DoorSet(self, inner, plan.set_id)

    async def resume(self, set_id: str, fence: int) -> HostSet:
        inner = await self.ask("resume", lambda: self.inner.resume(set_id, fence), set_id)
        return DoorSet(self, inner, set_id)

    async def recover(self, set_id: str, fence: int) -> None:
        await self.ask("recover", lambda: self.inner.recover(set_id, fence), set_id)


class DoorSet(HostSet):
    """A set behind the door."""

    def __init__(self, door: Door, inner: HostSet, set_id: str) -> None:
        self.door, self.inner, self.set_id = door, inner, set_id
        self.session_id = inner.session_id

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        return await self.door.ask("freeze", lambda: self.inner.freeze(dead_man_s), self.set_id, dead_man_s)

    async def thaw(self) -> ReleaseReport:
        return await self.door.ask("thaw", self.inner.thaw, self.set_id)

    async def writer_status(self) -> Sequence[WriterReport]:
        return await self.door.ask("writer_status", self.inner.writer_status, self.set_id)

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        tell = self.inner.complete
        return await self.door.ask("complete", lambda: tell(succeeded=succeeded), self.set_id, succeeded)

    async def abort(self) -> None:
        await self.door.ask("abort", self.inner.abort, self.set_id)
