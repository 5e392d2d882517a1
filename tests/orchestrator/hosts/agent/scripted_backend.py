"""A host in memory that counts what is asked of it, thaws by its own dead man, and fails as told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final

from pydantic import BaseModel

from orchestrator.errors import HostError
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    VSS_S_ASYNC_FINISHED,
    CompletionReport,
    FreezeReport,
    HoldEnd,
    HostCheck,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
    WriterState,
)
from orchestrator.model.hosts import CheckStatus as Status
from orchestrator.model.time import Reading
from orchestrator.plugin import HostCoordinator, HostSet, SetPlan

SESSION: Final = "session-1"
READING: Final = frozenset({"connect", "identify", "survey", "examine", "volumes_under"})


def a_plan(set_id: str = "set-1", fence: int = 7, session_s: float = 100.0) -> SetPlan:
    return SetPlan(set_id, fence, 0x29, 5, (), (), ("vol-1",), DEFAULT_BUDGETS, session_s)


class ScriptedBackend(HostCoordinator):
    """One host. `calls` lists every call; `frozen` says how it is."""

    kind: ClassVar = "scripted"
    settings_model: ClassVar = BaseModel
    ceiling = Grade.AGENT_QUIESCED

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.frozen = False
        self.ended_by = HoldEnd.NEVER_HELD
        self.told: list[bool] = []
        self.fails: dict[str, Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}  # a call of this name waits for it
        self.reached: dict[str, asyncio.Event] = {}
        self.has_dead_man = True
        self.volumes: Mapping[Path, Sequence[str]] = {}
        self.asked_about: Sequence[Path] = ()

    def hold(self, call: str) -> asyncio.Event:
        """Let a call wait until the event is set; `reached` tells when it came so far."""
        self.reached[call] = asyncio.Event()
        gate = self.gates[call] = asyncio.Event()
        return gate

    async def call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.gates:
            self.reached[name].set()
            await self.gates[name].wait()
        if name in self.fails:
            raise self.fails[name]

    def effects(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if call not in READING]

    def thaw(self, by: HoldEnd) -> None:
        if self.frozen:
            self.frozen, self.ended_by = False, by

    async def connect(self) -> None:
        await self.call("connect")

    async def close(self) -> None:
        self.calls.append("close")

    async def identify(self) -> HostIdentity:
        await self.call("identify")
        return HostIdentity("host-1", "exch01", "scripted", emulated=True)

    async def survey(self) -> Survey:
        await self.call("survey")
        return Survey((), (), (), reading())

    async def examine(self) -> Sequence[HostCheck]:
        await self.call("examine")
        return (HostCheck("clock", Status.GOOD, "it is right"),)

    async def volumes_under(self, paths: Sequence[Path]) -> Mapping[Path, Sequence[str]]:
        await self.call("volumes_under")
        self.asked_about = paths
        return self.volumes

    async def open(self, plan: SetPlan) -> HostSet:
        await self.call("open")
        return ScriptedSet(self)

    async def recover(self, set_id: str, fence: int) -> None:
        await self.call(f"recover {set_id} {fence}")
        self.thaw(HoldEnd.ABORT)


class ScriptedSet(HostSet):
    session_id = SESSION

    def __init__(self, host: ScriptedBackend) -> None:
        self.host = host

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        self.host.frozen = True  # from here on it counts as frozen
        if self.host.has_dead_man:
            asyncio.get_running_loop().call_later(dead_man_s, self.host.thaw, HoldEnd.DEAD_MAN)
        await self.host.call("freeze")
        return FreezeReport((), reading(), reading())

    async def thaw(self) -> ReleaseReport:
        await self.host.call("thaw")
        self.host.thaw(HoldEnd.RELEASE)
        now = reading()
        return ReleaseReport(self.host.ended_by, 0.1, 0.2, VSS_S_ASYNC_FINISHED, now, now)

    async def writer_status(self) -> Sequence[WriterReport]:
        await self.host.call("writer_status")
        return (WriterReport("w", SESSION, WriterState.WAITING_FOR_BACKUP_COMPLETE),)

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        await self.host.call("complete")
        self.host.told.append(succeeded)
        return CompletionReport((WriterReport("w", SESSION, WriterState.STABLE),))

    async def abort(self) -> None:
        await self.host.call("abort")
        self.host.thaw(HoldEnd.ABORT)


def reading() -> Reading:
    return Reading(datetime.now(UTC), asyncio.get_running_loop().time())


def lost(code: str = "host.writer-failed") -> HostError:
    return HostError(code, "as the test wants it", subject="exch01")
