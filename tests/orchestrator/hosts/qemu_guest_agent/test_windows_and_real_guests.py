"""The coordinator on an emulated Windows agent, and on the real agent of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.qemu_guest_agent.agents import Emulated, Real
from tests.orchestrator.hosts.qemu_guest_agent.coordinating import (
    coordinator_of,
    frozen,
    plan_of,
    thawed_at_last,
)


# ---------------------------------------------------------------- Windows
async def test_a_windows_guest_is_frozen_by_its_drives(
    windows_guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    opened = await windows_guest.open(await plan_of(windows_guest, ["D:\\"]))
    assert (await opened.freeze(4.0)).file_systems == 1
    assert (await opened.thaw()).file_systems == 1
    assert await opened.writer_status() == ()
    assert ("sync", ["-f", "D:\\"]) not in emulated.guest.programs_run
    await opened.complete(succeeded=True)


@pytest.mark.parametrize("value", [None, 1, 0, 6, "0x5"])
async def test_a_backup_type_that_might_truncate_logs_is_refused_with_the_fix(
    windows_guest: GuestAgentCoordinator, emulated: Emulated, value: int | str | None
) -> None:
    emulated.guest.vss_option = value
    with pytest.raises(HostError, match="VssOption must be 5") as caught:
        await windows_guest.open(await plan_of(windows_guest, ["D:\\"]))
    assert caught.value.code == "host.vss-backup-type"
    assert "reg add" in caught.value.remedy
    assert "guest-fsfreeze-freeze-list" not in emulated.agent.log


async def test_a_backup_type_that_cannot_be_read_is_refused(
    windows_guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    plan = await plan_of(windows_guest, ["D:\\"])
    emulated.guest.blocked.add("guest-exec")
    with pytest.raises(HostError, match="does not offer guest-exec") as caught:
        await windows_guest.open(plan)
    assert caught.value.code == "host.vss-backup-type"


async def test_a_writer_that_is_unwell_before_refuses_and_after_fails(
    windows_guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    plan = await plan_of(windows_guest, ["D:\\"])
    exchange = emulated.guest.writers[0]
    exchange.state = 9
    with pytest.raises(HostError, match="Exchange Writer is in state 9") as caught:
        await windows_guest.open(plan)
    assert caught.value.code == "host.writer-failed"
    exchange.state = 1
    opened = await windows_guest.open(plan)
    await opened.freeze(4.0)
    await opened.thaw()
    exchange.error = "Retryable error"
    with pytest.raises(HostError, match="Retryable error"):
        await opened.writer_status()
    await opened.abort()


async def test_a_guest_without_writers_is_not_well(
    windows_guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    emulated.guest.writers.clear()
    with pytest.raises(HostError, match="no writer is shown"):
        await windows_guest.open(await plan_of(windows_guest, ["D:\\"]))


# ---------------------------------------------------------------- the real agent
@pytest.fixture
async def real_guest(real: Real, home: Path) -> AsyncIterator[GuestAgentCoordinator]:
    coordinator = coordinator_of(real, home)
    await coordinator.connect()
    yield coordinator
    # Whatever failed: a watchdog that cannot thaw would go on trying for ever.
    await asyncio.to_thread(real.run_again)
    await coordinator.recover("s1", 7)


@pytest.mark.real
async def test_a_real_guest_from_survey_to_complete(real: Real, real_guest: GuestAgentCoordinator) -> None:
    assert not (await real_guest.identify()).emulated
    ours = [Path(each) / "ours" for each in real.mount_points]
    assert set(await real_guest.volumes_under(ours)) == set(ours)
    opened = await real_guest.open(await plan_of(real_guest, real.mount_points))
    freeze = await opened.freeze(4.0)
    assert await frozen(real) == [True, True]
    release = await opened.thaw()
    assert (freeze.file_systems, release.file_systems) == (2, 2)
    assert release.hold_ended_by is HoldEnd.RELEASE
    assert await opened.writer_status() == ()
    await opened.complete(succeeded=True)
    assert await frozen(real) == [False, False]
    assert await asyncio.to_thread(real.hooks_run) == ["freeze", "thaw"]


@pytest.mark.real
async def test_a_real_agent_stopped_in_mid_window_is_thawed_when_it_goes_on(
    real: Real, real_guest: GuestAgentCoordinator
) -> None:
    opened = await real_guest.open(await plan_of(real_guest, real.mount_points))
    await opened.freeze(4.0)
    real.stop()
    with pytest.raises(HostError) as caught:
        await opened.thaw()
    assert caught.value.code == "host.still-frozen"
    assert await frozen(real) == [True, True]
    real.resume()
    await opened.abort()
    assert await frozen(real) == [False, False]


@pytest.mark.real
async def test_a_real_agent_killed_in_mid_window_leaves_no_proof_and_nothing_frozen(
    real: Real, real_guest: GuestAgentCoordinator
) -> None:
    opened = await real_guest.open(await plan_of(real_guest, real.mount_points))
    await opened.freeze(4.0)
    await asyncio.to_thread(real.kill)
    with pytest.raises(HostError) as caught:
        await opened.thaw()
    assert caught.value.code == "host.still-frozen"
    await asyncio.to_thread(real.start)
    release = await thawed_at_last(opened)
    assert release.hold_ended_by is HoldEnd.UNPROVEN
    assert release.file_systems is None
    assert await frozen(real) == [False, False]
    await opened.abort()
