"""A plugin that needs no network: one array and one host, which behave as a test tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field

from orchestrator.errors import ArrayError, HostError
from orchestrator.model.arrays import (
    ArmedCut,
    ArrayIdentity,
    ArrayVolume,
    Capabilities,
    CutAnswer,
    CutMember,
    OwnedObject,
)
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import (
    Component,
    DiskLayout,
    HostCheck,
    HostIdentity,
    HostLun,
    HostVolume,
    Survey,
    WriterInstance,
)
from orchestrator.model.names import ObjectNames
from orchestrator.model.time import Reading
from orchestrator.plugin import (
    ClockSample,
    CutToken,
    HostCoordinator,
    HostSet,
    Provider,
    ProviderContext,
    SetPlan,
    hookimpl,
)

TOKEN = "right-token-9f2c"


@dataclass
class World:
    """What the fakes are, and what was seen of them."""

    array_id: str = "array-1"
    host_id: str = "host-1"
    missing_rights: tuple[str, ...] = ()
    skew_s: float = 3.0
    fault: Exception | None = None
    hangs: bool = False
    open_connections: int = 0
    product: str = "Fake Exchange"
    luns: Mapping[str, str] = field(default_factory=dict)
    checks: Sequence[HostCheck] | HostError = ()
    contexts: list[ProviderContext] = field(default_factory=list)
    settings: list[BaseModel] = field(default_factory=list)


WORLD = World()


class Settings(BaseModel):
    port: int = Field(default=443, ge=1)
    realm: str = "local"


class Peer:
    """What array and host have in common."""

    settings_model: ClassVar[type[BaseModel]] = Settings

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        self.context = context
        WORLD.contexts.append(context)
        WORLD.settings.append(settings)

    async def _log_in(self, error: Exception) -> None:
        WORLD.open_connections += 1
        if WORLD.hangs:
            await asyncio.Event().wait()
        if WORLD.fault is not None:
            raise WORLD.fault
        if self.context.secret.reveal() != TOKEN:
            raise error

    async def close(self) -> None:
        WORLD.open_connections = 0


class FakeArray(Peer, Provider):
    kind = "fake-array"
    capabilities = Capabilities(64, clock_precision_s=0.5, request_life_s=1.0, atomic_cut=True)

    async def connect(self) -> None:
        await self._log_in(ArrayError("array.login-failed", "wrong secret", subject=self.context.name))

    async def identify(self) -> ArrayIdentity:
        return ArrayIdentity(WORLD.array_id, "fake", "Fake//A", "1.0", emulated=True)

    async def clock(self) -> ClockSample:
        return ClockSample(datetime.now(UTC) + timedelta(seconds=WORLD.skew_s))

    async def missing_rights(self) -> Sequence[str]:
        return WORLD.missing_rights

    async def locate(self, lun_ids: Sequence[str]) -> Mapping[str, ArrayVolume]:
        return {
            each: ArrayVolume(name, name, each, 1) for each, name in WORLD.luns.items() if each in lun_ids
        }

    async def arm(self, volumes: Sequence[ArrayVolume], names: ObjectNames) -> ArmedCut:
        raise NotImplementedError

    async def commit(self, armed: ArmedCut, token: CutToken) -> CutAnswer:
        raise NotImplementedError

    async def confirm(self, armed: ArmedCut, answer: CutAnswer) -> Sequence[CutMember]:
        raise NotImplementedError

    async def abort(self, armed: ArmedCut) -> None:
        raise NotImplementedError

    async def owned(self, prefix: str) -> Sequence[OwnedObject]:
        raise NotImplementedError

    async def delete(self, objects: Sequence[OwnedObject]) -> Sequence[OwnedObject]:
        raise NotImplementedError


class FakeHost(Peer, HostCoordinator):
    kind = "fake-host"
    ceiling = Grade.WRITER_VERIFIED

    async def connect(self) -> None:
        await self._log_in(HostError("host.login-failed", "wrong secret", subject=self.context.name))

    async def identify(self) -> HostIdentity:
        return HostIdentity(WORLD.host_id, "ex01", WORLD.product, emulated=True)

    async def survey(self) -> Survey:
        return Survey(
            writers=(WriterInstance("writer-id", "instance-1", "Microsoft Exchange Writer"),),
            components=(
                Component(
                    "instance-1", "SG", "guid-1", "DB01", True, ("E:\\db\\db01.edb", "L:\\log\\e00.log")
                ),
                Component("instance-1", "", "guid-2", "Store", False, ()),
            ),
            host_volumes=(
                HostVolume("vol-e", ("E:\\",), (HostLun(("naa.1", "t10.x")),)),
                HostVolume("vol-l", ("L:\\",), (HostLun(("naa.2",)),), DiskLayout.DYNAMIC, complete=False),
            ),
            clock=Reading(datetime.now(UTC) + timedelta(seconds=WORLD.skew_s), 0.0),
        )

    async def examine(self) -> Sequence[HostCheck]:
        if isinstance(WORLD.checks, HostError):
            raise WORLD.checks
        return WORLD.checks

    async def open(self, plan: SetPlan) -> HostSet:
        raise NotImplementedError

    async def recover(self, set_id: str, fence: int) -> None:
        raise NotImplementedError


def plugin(providers: Iterable[Any] = (), hosts: Iterable[Any] = (), **more: Any) -> ModuleType:
    """Return a module that registers these classes."""
    module = ModuleType("fake_plugin")

    @hookimpl
    def register_providers(register: Any) -> None:
        for each in providers:
            register(each)

    @hookimpl
    def register_host_coordinators(register: Any) -> None:
        for each in hosts:
            register(each)

    hooks = {
        "register_providers": register_providers,
        "register_host_coordinators": register_host_coordinators,
    }
    vars(module).update(hooks | more)
    return module


class FakeEntryPoint(EntryPoint):
    """An entry point whose object is at hand."""

    def load(self) -> Any:
        """Return the object, or fail as a module may."""
        found = vars(self)["found"]
        if isinstance(found, BaseException):
            raise found
        return found


def install(monkeypatch: pytest.MonkeyPatch, **found: Any) -> list[EntryPoint]:
    """Let these objects, and nothing else, be installed as plugins."""
    entry_points: list[EntryPoint] = []
    for name, each in found.items():
        entry_point = FakeEntryPoint(name.replace("_", "-"), f"fake.{name}", "quiesce")
        vars(entry_point).update(found=each, dist=None)
        entry_points.append(entry_point)
    monkeypatch.setattr("orchestrator.registry.plugins.entry_points", lambda group: entry_points)
    return entry_points
