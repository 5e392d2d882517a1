"""Coordinators of agents under test, and sets of theirs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator
from orchestrator.hosts.qemu_guest_agent.settings import GuestAgentSettings
from orchestrator.model.budgets import Budgets
from orchestrator.model.hosts import ReleaseReport
from orchestrator.plugin import HostSet, ProviderContext, Secret, SetPlan
from tests.orchestrator.hosts.qemu_guest_agent.agents import AgentUnderTest

BUDGETS = Budgets(commit_s=1.0, hold_s=3.0, freeze_s=4.0, thaw_s=1.0)


def coordinator_of(agent: AgentUnderTest, home: Path, **settings: str) -> GuestAgentCoordinator:
    context = ProviderContext("guest", f"unix://{agent.path}", Secret(""))
    return GuestAgentCoordinator(
        context, GuestAgentSettings.model_validate({"runtime_folder": home / "run", **settings})
    )


async def plan_of(coordinator: GuestAgentCoordinator, mount_points: list[str], set_id: str = "s1") -> SetPlan:
    survey = await coordinator.survey()
    wanted = [each for each in survey.host_volumes if set(each.mount_points) & set(mount_points)]
    assert len(wanted) == len(mount_points)
    chosen = tuple(each for each in survey.components if each.caption in mount_points)
    return SetPlan(set_id, 7, 0x29, 5, chosen, (), tuple(each.name for each in wanted), BUDGETS)


async def frozen(agent: AgentUnderTest) -> list[bool]:
    return await asyncio.to_thread(lambda: [agent.frozen(each) for each in agent.mount_points])


async def thawed_at_last(opened: HostSet) -> ReleaseReport:
    until = time.monotonic() + 5
    while True:
        try:
            return await opened.thaw()
        except HostError:
            assert time.monotonic() < until
