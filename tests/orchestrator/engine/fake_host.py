"""A host in memory that misbehaves as told, with a dead man's timer on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from pydantic import BaseModel

from orchestrator.errors import HostError
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    VSS_S_ASYNC_FINISHED,
    CompletionReport,
    Component,
    FreezeReport,
    HoldEnd,
    HostIdentity,
    HostLun,
    HostVolume,
    ReleaseReport,
    Survey,
    WriterInstance,
    WriterReport,
    WriterState,
)
from orchestrator.model.time import Reading
from orchestrator.plugin import HostCoordinator, HostSet, ProviderContext, Secret, SetPlan
from tests.orchestrator.engine.fake_array import FakeArray, NoSettings
from tests.virtual_time import VirtualClock

WRITER = WriterInstance("76fe1ac4-15f7-4bcd-987e-8e1acb462fb7", "instance-1", "Microsoft Exchange Writer")


class HostFault(StrEnum):
    """How the host can go wrong."""

    NONE = "none"
    OPEN_FAILS = "open-fails"
    FREEZE_FAILS = "freeze-fails"
    FREEZE_LOST = "freeze-answer-lost"
    FREEZE_HANGS = "freeze-hangs"
    FREEZE_SLOW = "freeze-slow"
    WRITER_NOT_FROZEN = "writer-not-frozen"
    HOLD_ENDS_EARLY = "hold-ends-early"
    THAW_LOST_ONCE = "thaw-answer-lost-once"
    THAW_HANGS_ONCE = "thaw-hangs-once"
    THAW_RAISES_ONCE = "thaw-raises-anything-once"
    GONE_WHILE_FROZEN = "gone-while-frozen"
    SET_NOT_FINISHED = "set-not-finished"
    WRITER_GONE = "writer-gone"
    WRITER_RESTARTED = "writer-restarted"
    WRITER_FAILED = "writer-failed"
    COMPONENT_FAILED = "component-failed"
    SESSION_RESTARTED = "session-restarted"
    STATUS_FAILS = "status-fails"
    STATUS_HANGS = "status-hangs"
    MAP_HANGS = "map-hangs-after-the-thaw"
    MAP_CHANGED = "map-changed"
    HOST_PAUSED = "host-paused"
    COMPLETE_LOST = "complete-answer-lost"
    COMPLETE_HANGS = "complete-hangs"


@dataclass(slots=True)
class HostState:
    """What is true on the host."""

    frozen_at: Reading | None = None
    thaw_reports: int = 0
    ended_by: HoldEnd = HoldEnd.NEVER_HELD
    hold_s: float = 0.0
    session_open: bool = False
    hold_limit_s: float = 0.0
    ended_at_s: float = 0.0  # when the session was
    told_success: bool = False
    gone: bool = False
    once: bool = True  # a fault that strikes once has not struck yet


class FakeHost(HostCoordinator):
    """One host with one database on the first volume of the first array, its logs on those of the others."""

    kind = "fake"
    settings_model = NoSettings
    ceiling = Grade.WRITER_VERIFIED

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        self.name = context.name
        self.settings = settings
        self.fault = HostFault.NONE
        self.latency_s = 0.01
        self.clocks = VirtualClock()
        self.state = HostState()
        self.luns: tuple[HostLun, ...] = ()
        self.calls: list[str] = []
        self.is_frozen = asyncio.Event()

    @classmethod
    def on(cls, arrays: Sequence[FakeArray]) -> Self:
        """Make a host whose host volumes lie on the first two array volumes of each array."""
        host = cls(ProviderContext("exch01", "fake://", Secret("x")), NoSettings())
        host.luns = tuple(HostLun((volume.lun_id,)) for array in arrays for volume in array.volumes)
        return host

    @property
    def frozen(self) -> bool:
        return self.state.frozen_at is not None

    async def connect(self) -> None:
        self.calls.append("connect")

    async def close(self) -> None:
        self.calls.append("close")

    async def identify(self) -> HostIdentity:
        return self.identity

    @property
    def identity(self) -> HostIdentity:
        return HostIdentity("host-id-1", "exch01", "fake", emulated=True)

    async def _call(self, method: str) -> None:
        self.calls.append(method)
        await asyncio.sleep(self.latency_s)
        if self.state.gone:
            raise HostError("host.gone", "no connection", subject=self.name)

    async def survey(self) -> Survey:
        await self._call("survey")
        if self.fault is HostFault.MAP_HANGS and self.state.thaw_reports:
            await asyncio.sleep(10_000)
        moved = self.fault is HostFault.MAP_CHANGED and self.state.thaw_reports
        luns = (*self.luns[1:], self.luns[0]) if moved else self.luns
        volumes = tuple(HostVolume(f"vol-{n}", (f"{chr(68 + n)}:\\",), (lun,)) for n, lun in enumerate(luns))
        names = ("DB01.edb", *(f"E00{n:05}.log" for n in range(len(volumes))))
        files = tuple(f"{each.mount_points[0]}{name}" for each, name in zip(volumes, names, strict=False))
        component = Component(WRITER.instance_id, "Information Store", "guid-1", "DB01", True, files)
        return Survey((WRITER,), (component,), volumes, self.clocks.reading())

    async def open(self, plan: SetPlan) -> HostSet:
        await self._call("open")
        self.state.session_open, self.state.hold_limit_s = True, plan.budgets.hold_s
        if self.fault is HostFault.OPEN_FAILS:
            raise HostError("host.rejected", "another set is being created", subject=self.name)
        return FakeSet(self)

    async def resume(self, set_id: str, fence: int) -> HostSet:
        await self._call("resume")
        if not self.state.session_open:
            raise HostError("host.session-lost", "no such session", subject=set_id)
        return FakeSet(self)

    async def recover(self, set_id: str, fence: int) -> None:
        await self._call("recover")
        self.end_hold(HoldEnd.ABORT)
        self.state.session_open = False

    def end_hold(self, by: HoldEnd) -> None:
        if self.state.frozen_at is not None:
            self.state.hold_s = self.clocks.now() - self.state.frozen_at.monotonic_s
            self.state.ended_by = by
            self.state.frozen_at = None

    def strikes_once(self, fault: HostFault) -> bool:
        strikes = self.fault is fault and self.state.once
        self.state.once = self.state.once and not strikes
        return strikes


class FakeSet(HostSet):
    """One set on the fake host."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.session_id = "session-1"

    def _report(self, state: WriterState) -> WriterReport:
        return WriterReport(WRITER.instance_id, self.session_id, state)

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        host, loop = self.host, asyncio.get_running_loop()
        await host._call("freeze")
        if host.fault is HostFault.FREEZE_FAILS:
            raise HostError("host.writer-failed", "a writer would not freeze", subject=host.name)
        if host.fault is HostFault.FREEZE_SLOW:
            await asyncio.sleep(4)
        host.state.frozen_at = host.clocks.reading()
        host.is_frozen.set()
        loop.call_later(dead_man_s, host.end_hold, HoldEnd.DEAD_MAN)
        if host.fault is HostFault.HOLD_ENDS_EARLY:
            loop.call_later(0.005, host.end_hold, HoldEnd.HOLD_LIMIT)
        else:
            loop.call_later(host.state.hold_limit_s, host.end_hold, HoldEnd.HOLD_LIMIT)
        match host.fault:
            case HostFault.FREEZE_LOST:
                raise HostError("host.gone", "lost", subject=host.name)
            case HostFault.FREEZE_HANGS:
                await asyncio.sleep(10_000)
            case HostFault.GONE_WHILE_FROZEN:
                host.state.gone = True
                loop.call_later(dead_man_s, setattr, host.state, "gone", False)
            case _:
                pass
        state = WriterState.WAITING_FOR_THAW
        if host.fault is HostFault.WRITER_NOT_FROZEN:
            state = WriterState.FAILED_AT_FREEZE
        now = host.clocks.reading()
        return FreezeReport((self._report(state),), frozen_at=now, held_at=now)

    async def thaw(self) -> ReleaseReport:
        host = self.host
        if host.strikes_once(HostFault.THAW_HANGS_ONCE):
            await asyncio.sleep(10_000)
        if host.strikes_once(HostFault.THAW_RAISES_ONCE):
            raise RuntimeError("a plugin may raise anything")
        await host._call("thaw")
        host.end_hold(HoldEnd.RELEASE)
        if host.strikes_once(HostFault.THAW_LOST_ONCE):
            raise HostError("host.gone", "lost", subject=host.name)
        host.state.thaw_reports += 1
        status = 0x80042314 if host.fault is HostFault.SET_NOT_FINISHED else VSS_S_ASYNC_FINISHED
        now, hold_s = host.clocks.reading(), host.state.hold_s
        if host.fault is HostFault.HOST_PAUSED:
            hold_s += 30.0
        return ReleaseReport(host.state.ended_by, hold_s, hold_s, status, released_at=now, thawed_at=now)

    async def writer_status(self) -> Sequence[WriterReport]:
        host = self.host
        await host._call("writer_status")
        report = self._report(WriterState.WAITING_FOR_BACKUP_COMPLETE)
        match host.fault:
            case HostFault.STATUS_FAILS:
                raise HostError("host.gone", "lost", subject=host.name)
            case HostFault.STATUS_HANGS:
                await asyncio.sleep(10_000)
                return ()
            case HostFault.WRITER_GONE:
                return ()
            case HostFault.WRITER_RESTARTED:
                return (replace(report, instance_id="instance-2"),)
            case HostFault.SESSION_RESTARTED:
                return (replace(report, session_id="session-2"),)
            case HostFault.WRITER_FAILED:
                return (replace(report, state=WriterState.FAILED_AT_THAW, failure=0x800423F2),)
            case HostFault.COMPONENT_FAILED:
                return (replace(report, component_failures=("DB01",)),)
            case _:
                return (report,)

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        await self.host._call("complete")
        self.host.state.told_success = succeeded
        self.host.state.session_open = False
        self.host.state.ended_at_s = self.host.clocks.now()
        if self.host.fault is HostFault.COMPLETE_HANGS:
            await asyncio.sleep(10_000)
        if self.host.fault is HostFault.COMPLETE_LOST:
            raise HostError("host.gone", "lost", subject=self.host.name)
        return CompletionReport()

    async def abort(self) -> None:
        await self.host._call("abort")
        self.host.end_hold(HoldEnd.ABORT)
        self.host.state.session_open = False
