"""What `host test` learns of a guest from its agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent import examination
from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator
from orchestrator.model.hosts import CheckStatus, HostCheck
from tests.orchestrator.hosts.qemu_guest_agent.agents import AgentUnderTest, Emulated
from tests.orchestrator.hosts.qemu_guest_agent.coordinating import coordinator_of, plan_of

GOOD, WARNING, BAD = CheckStatus.GOOD, CheckStatus.WARNING, CheckStatus.BAD


async def examined(coordinator: GuestAgentCoordinator) -> dict[str, HostCheck]:
    await coordinator.connect()
    checks = await coordinator.examine()
    for check in checks:
        assert check.found.endswith("."), check
        assert bool(check.remedy) is (check.status is not GOOD), check
    return {check.what: check for check in checks}


async def test_a_linux_guest_is_well(either: AgentUnderTest, home: Path) -> None:
    found = await examined(coordinator_of(either, home))
    assert {what: check.status for what, check in found.items()} == {
        "another set": GOOD,
        "agent": GOOD,
        "guest's clock": GOOD,
    }


async def test_a_windows_guest_is_asked_for_backup_type_and_writers(
    windows_guest: GuestAgentCoordinator,
) -> None:
    found = await examined(windows_guest)
    assert {found[what].status for what in ("VssOption", "writers' states")} == {GOOD}


@pytest.mark.parametrize("value", [None, 1])
async def test_a_guest_that_might_truncate_logs_is_bad(
    windows_guest: GuestAgentCoordinator, emulated: Emulated, value: int | None
) -> None:
    emulated.guest.vss_option = value
    check = (await examined(windows_guest))["VssOption"]
    assert check.status is BAD
    assert "reg add" in check.remedy
    assert not {"guest-fsfreeze-freeze", "guest-fsfreeze-freeze-list"} & set(emulated.agent.log)


async def test_an_unwell_writer_of_a_guest_is_bad(
    windows_guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    emulated.guest.writers[0].error = "Retryable error"
    check = (await examined(windows_guest))["writers' states"]
    assert (check.status, check.found) == (BAD, "Microsoft Exchange Writer: Retryable error.")


async def test_an_agent_without_what_a_freeze_needs_is_bad(emulated: Emulated, home: Path) -> None:
    emulated.guest.blocked.add("guest-fsfreeze-thaw")
    check = (await examined(coordinator_of(emulated, home)))["agent"]
    assert check.status is BAD
    assert "guest-fsfreeze-thaw" in check.found


async def test_an_old_agent_is_a_warning(
    emulated: Emulated, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examination, "TRIED", (99, 0))
    check = (await examined(coordinator_of(emulated, home)))["agent"]
    assert check.status is WARNING


@pytest.mark.parametrize("offset_s", [-400.0, 400.0])
async def test_a_guest_in_another_time_is_a_warning(emulated: Emulated, home: Path, offset_s: float) -> None:
    emulated.guest.clock_offset_s = offset_s
    assert (await examined(coordinator_of(emulated, home)))["guest's clock"].status is WARNING


@pytest.mark.journey
async def test_a_guest_that_another_set_holds_is_bad(emulated: Emulated, home: Path) -> None:
    holder = coordinator_of(emulated, home)
    await holder.connect()
    opened = await holder.open(await plan_of(holder, emulated.mount_points))
    try:
        check = (await examined(holder))["another set"]
        assert check.status is BAD
        assert "quiesce recover" in check.remedy
        assert "s1" in check.found
    finally:
        await opened.abort()
    assert (await examined(holder))["another set"].status is GOOD


async def test_an_agent_whose_answer_has_not_the_form_is_named(
    emulated: Emulated, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator = coordinator_of(emulated, home)
    await coordinator.connect()
    monkeypatch.setattr(examination, "NEEDED", None)
    with pytest.raises(HostError, match="not of the known form"):
        await coordinator.examine()
