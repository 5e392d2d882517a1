"""A host in memory on which no writer runs: its file systems are frozen, and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel

from orchestrator.model.grades import Grade
from orchestrator.model.hosts import Component, FreezeReport, ReleaseReport, Survey, WriterReport
from orchestrator.plugin import HostSet, ProviderContext, SetPlan
from tests.orchestrator.engine.fake_host import FakeHost, FakeSet


class WriterlessHost(FakeHost):
    """Every host volume is a component of its own; `counts` spoils what is frozen and what is still so."""

    ceiling = Grade.FILE_SYSTEM_CONSISTENT

    def __init__(self, context: ProviderContext, settings: BaseModel) -> None:
        super().__init__(context, settings)
        self.missing_at_freeze = 0
        self.missing_at_thaw = 0
        self.own: dict[Path, str] = {}

    async def survey(self) -> Survey:
        found = await super().survey()
        components = tuple(
            Component("", "", each.mount_points[0], each.mount_points[0], True, (f"{each.mount_points[0]}x",))
            for each in found.host_volumes
        )
        return replace(found, writers=(), components=components)

    async def volumes_under(self, paths: Sequence[Path]) -> Mapping[Path, Sequence[str]]:
        return {path: (self.own[path],) for path in paths if path in self.own}

    async def open(self, plan: SetPlan) -> HostSet:
        await super().open(plan)
        return WriterlessSet(self, plan)


class WriterlessSet(FakeSet):
    """A set on such a host."""

    host: WriterlessHost

    def __init__(self, host: WriterlessHost, plan: SetPlan) -> None:
        super().__init__(host)
        self.plan = plan

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        frozen = len(self.plan.host_volumes) - self.host.missing_at_freeze
        return replace(await super().freeze(dead_man_s), writers=(), file_systems=frozen)

    async def thaw(self) -> ReleaseReport:
        still = len(self.plan.host_volumes) - self.host.missing_at_thaw
        return replace(await super().thaw(), set_status=0, file_systems=still)

    async def writer_status(self) -> Sequence[WriterReport]:
        await super().writer_status()
        return ()
