"""The asyncio face: what an agent serves."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.vss.coordinator import VssCoordinator, VssSettings
from orchestrator.hosts.vss.identity import identity_of_this_machine
from orchestrator.hosts.vss.plugin import register_host_coordinators
from orchestrator.model.hosts import HoldEnd
from orchestrator.plugin import ProviderContext, Secret, SetPlan
from tests.orchestrator.hosts.vss.vss_lab import Lab


@pytest.fixture
def lab() -> Lab:
    return Lab()


@pytest.fixture
def coordinator(lab: Lab) -> VssCoordinator:
    made = VssCoordinator(ProviderContext("EX1", "file:///", Secret("")), VssSettings())
    made._host = lab.host
    return made


@pytest.fixture
def plan(lab: Lab) -> SetPlan:
    one = lab.plan()
    return SetPlan("set-1", 7, one.context, 5, one.components, one.writers, one.host_volumes, one.budgets)


@pytest.mark.skipif(sys.platform == "win32", reason="there it is another story")
async def test_elsewhere_than_on_windows_that_is_said(coordinator: VssCoordinator) -> None:
    for asked in (coordinator.connect, coordinator.identify):
        with pytest.raises(HostError) as refused:
            await asked()
        assert refused.value.code == "host.not-windows"
    with pytest.raises(HostError, match="this machine runs linux"):
        identity_of_this_machine()


async def test_the_whole_life_of_a_set(coordinator: VssCoordinator, lab: Lab, plan: SetPlan) -> None:
    survey = await coordinator.survey()
    assert survey.clock.not_after(await coordinator.clock())
    opened = await coordinator.open(plan)
    await opened.freeze(5.0)
    assert (await opened.thaw()).hold_ended_by is HoldEnd.RELEASE
    taken_up = await coordinator.resume("set-1", 7)
    assert [one.state for one in await taken_up.writer_status()] == [5]
    assert await taken_up.complete(succeeded=True) == await opened.complete(succeeded=True)
    await coordinator.close()
    await asyncio.to_thread(lab.no_leak)


async def test_only_the_right_token_takes_a_set_up_or_recovers_it(
    coordinator: VssCoordinator, lab: Lab, plan: SetPlan
) -> None:
    opened = await coordinator.open(plan)
    await opened.freeze(5.0)
    for asked in (coordinator.resume("set-1", 6), coordinator.recover("set-1", 8)):
        with pytest.raises(HostError) as refused:
            await asked
        assert refused.value.code == "host.rejected"
    await coordinator.recover("set-1", 7)
    await asyncio.to_thread(lab.no_leak)
    with pytest.raises(HostError) as lost:
        await coordinator.resume("set-1", 7)
    assert lost.value.code == "host.session-lost"


async def test_a_set_that_was_recovered_or_opened_is_not_opened_again(
    coordinator: VssCoordinator, lab: Lab, plan: SetPlan
) -> None:
    await coordinator.recover("set-1", 7)
    with pytest.raises(HostError, match="used before"):
        await coordinator.open(plan)
    assert "StartSnapshotSet" not in lab.runtime.calls


async def test_a_session_ends_by_itself_after_its_time(
    coordinator: VssCoordinator, lab: Lab, plan: SetPlan
) -> None:
    opened = await coordinator.open(replace(plan, session_s=0.0))
    await opened.freeze(5.0)
    await opened.thaw()
    await asyncio.to_thread(lab.until_called, "AbortBackup")
    await asyncio.to_thread(lab.no_leak)
    with pytest.raises(HostError) as lost:
        await opened.complete(succeeded=True)
    assert lost.value.code == "host.session-lost"


async def test_closing_aborts_what_is_open(coordinator: VssCoordinator, lab: Lab, plan: SetPlan) -> None:
    opened = await coordinator.open(plan)
    await opened.freeze(5.0)
    await coordinator.close()
    assert lab.runtime.calls.count("AbortBackup") == 1
    await asyncio.to_thread(lab.no_leak)


async def test_an_opening_that_was_cancelled_is_aborted_when_it_is_done(
    coordinator: VssCoordinator, lab: Lab, plan: SetPlan
) -> None:
    lab.vss.looks["PrepareForBackup"] = 100
    opening = asyncio.ensure_future(coordinator.open(plan))
    await asyncio.to_thread(lab.until_called, "PrepareForBackup")
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await asyncio.to_thread(lab.until_called, "AbortBackup")
    await asyncio.to_thread(lab.no_leak)


async def test_a_host_that_is_not_connected_says_so(coordinator: VssCoordinator) -> None:
    coordinator._host = None
    with pytest.raises(HostError) as gone:
        await coordinator.survey()
    assert gone.value.code == "host.gone"


def test_the_door_offers_the_kind() -> None:
    offered: list[type] = []
    register_host_coordinators(offered.append)
    assert offered == [VssCoordinator]
