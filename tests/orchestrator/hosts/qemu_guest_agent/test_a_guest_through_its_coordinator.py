"""The coordinator and its sets on an emulated agent, held by a watchdog process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.qemu_guest_agent import coordinator as coordinator_module
from orchestrator.hosts.qemu_guest_agent import questions
from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator
from orchestrator.hosts.qemu_guest_agent.questions import GuestTime
from orchestrator.hosts.qemu_guest_agent.settings import GuestAgentSettings
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import HoldEnd
from orchestrator.plugin import ProviderContext, Secret
from tests.orchestrator.hosts.qemu_guest_agent.agents import Emulated
from tests.orchestrator.hosts.qemu_guest_agent.coordinating import (
    BUDGETS,
    coordinator_of,
    frozen,
    plan_of,
)

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting


@pytest.fixture
async def guest(emulated: Emulated, home: Path) -> AsyncIterator[GuestAgentCoordinator]:
    coordinator = coordinator_of(emulated, home)
    await coordinator.connect()
    yield coordinator
    await coordinator.recover("s1", 7)
    await coordinator.close()


# ---------------------------------------------------------------- whether and who
@pytest.mark.parametrize(
    "url", ["tcp://192.0.2.1:1234", "vsock://3:1234", "https://guest", "virtio:///dev/port"]
)
def test_a_way_that_a_cut_network_would_end_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="nobody would thaw") as caught:
        GuestAgentCoordinator(ProviderContext("guest", url, Secret("")), GuestAgentSettings())
    assert caught.value.code == "input.bad-settings"


@pytest.mark.parametrize("url", ["unix://host/path", "unix:relative", "unix:///path?x=1", "unix://"])
def test_a_url_that_names_no_socket_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="has the form"):
        GuestAgentCoordinator(ProviderContext("guest", url, Secret("")), GuestAgentSettings())


async def test_a_linux_guest_reaches_the_file_system_grade_only(
    guest: GuestAgentCoordinator, windows_guest: GuestAgentCoordinator
) -> None:
    assert guest.ceiling is Grade.FILE_SYSTEM_CONSISTENT
    assert windows_guest.ceiling is Grade.AGENT_QUIESCED


async def test_who_a_guest_is_stays_the_same_and_is_its_own(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    first = await guest.identify()
    assert first == await guest.identify()
    assert first.name == "guest"
    assert "7.2" in first.product
    assert first.emulated, "what our emulator says is never taken for a real guest's word"
    emulated.guest.machine_id = "f" * 32
    assert (await guest.identify()).host_id != first.host_id
    for blocked in ("guest-file-read", "guest-file-open"):
        emulated.guest.blocked.add(blocked)
        assert (await guest.identify()).name == "guest"


async def test_nobody_at_the_socket_is_unreachable(emulated: Emulated, home: Path) -> None:
    await asyncio.to_thread(emulated.kill)
    with pytest.raises(HostError) as caught:
        await coordinator_of(emulated, home).connect()
    assert caught.value.code == "host.unreachable"


# ---------------------------------------------------------------- a set
async def test_a_set_is_frozen_and_thawed_and_every_count_is_right(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    freeze = await opened.freeze(4.0)
    assert freeze.file_systems == 2
    assert emulated.frozen("/data")
    assert emulated.frozen("/log")
    release = await opened.thaw()
    assert release.hold_ended_by is HoldEnd.RELEASE
    assert release.file_systems == 2
    assert freeze.frozen_at.not_after(freeze.held_at)
    assert freeze.held_at.not_after(release.released_at)
    assert await opened.writer_status() == ()
    assert (await guest.survey()).host_volumes, "the watchdog carries questions while it has the agent"
    await opened.complete(succeeded=True)
    assert (await guest.survey()).host_volumes, "and afterwards they find their own way"


async def test_a_foreign_thaw_is_told(guest: GuestAgentCoordinator, emulated: Emulated) -> None:
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    await opened.freeze(4.0)
    emulated.foreign_thaw("/data")
    assert (await opened.thaw()).hold_ended_by is HoldEnd.FOREIGN
    await opened.abort()


async def test_a_lost_count_is_told(guest: GuestAgentCoordinator, emulated: Emulated) -> None:
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    await opened.freeze(4.0)
    emulated.fail_hook("thaw")
    release = await opened.thaw()
    assert release.hold_ended_by is HoldEnd.UNPROVEN
    assert release.file_systems is None
    await opened.abort()


@pytest.mark.parametrize("apart_s", [-0.7, 0.7])
async def test_a_guest_that_was_paused_in_the_window_fails_the_set(
    guest: GuestAgentCoordinator, emulated: Emulated, apart_s: float
) -> None:
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    await opened.freeze(4.0)
    emulated.guest.clock_offset_s += apart_s
    assert (await opened.thaw()).hold_ended_by is HoldEnd.RELEASE  # as far as the watchdog can know
    with pytest.raises(HostError, match=r"went 0\.[67]\d* s apart") as caught:
        await opened.writer_status()
    assert caught.value.code == "host.guest-paused"
    await opened.abort()


async def test_a_guest_paused_after_the_thaw_is_no_harm(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    await opened.freeze(4.0)
    await opened.thaw()
    emulated.guest.clock_offset_s -= 60
    assert await opened.writer_status() == ()
    await opened.abort()


async def test_a_clock_that_is_hours_off_is_no_pause(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    emulated.guest.clock_offset_s = 3 * 3600
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    await opened.freeze(4.0)
    await opened.thaw()
    assert await opened.writer_status() == ()
    await opened.abort()


def test_the_doubt_of_both_readings_speaks_for_the_guest() -> None:
    before = GuestTime(100.0, asked_s=10.0, answered_s=10.2)
    assert before.apart_s(GuestTime(101.0, asked_s=11.1, answered_s=11.3)) == 0.0
    assert before.apart_s(GuestTime(100.0, asked_s=11.2, answered_s=11.3)) == pytest.approx(1.0)
    assert before.apart_s(GuestTime(103.0, asked_s=11.2, answered_s=11.4)) == pytest.approx(1.6)


@pytest.mark.parametrize(
    ("dead_man_s", "hold_s", "ended"), [(0.3, 3.0, HoldEnd.DEAD_MAN), (3.0, 0.3, HoldEnd.HOLD_LIMIT)]
)
async def test_a_guest_that_nobody_thaws_is_thawed_by_its_watchdog(
    guest: GuestAgentCoordinator, emulated: Emulated, dead_man_s: float, hold_s: float, ended: HoldEnd
) -> None:
    plan = await plan_of(guest, ["/data", "/log"])
    opened = await guest.open(replace(plan, budgets=replace(BUDGETS, hold_s=hold_s)))
    await opened.freeze(dead_man_s)
    assert await frozen(emulated) == [True, True]
    until = time.monotonic() + 5
    while any(await frozen(emulated)):
        assert time.monotonic() < until
    assert (await opened.thaw()).hold_ended_by is ended
    await opened.abort()


async def test_a_guest_that_is_this_machine_owns_our_paths(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    ours = [Path("/data/state"), Path("/data"), Path("/database"), Path("/log/x/y")]
    assert await guest.volumes_under(ours) == {}
    emulated.guest.boot_id = await asyncio.to_thread(
        Path("/proc/sys/kernel/random/boot_id").read_text, "ascii"
    )
    emulated.guest.boot_id = emulated.guest.boot_id.strip()
    found = await guest.volumes_under(ours)
    assert found == {ours[0]: ("loop0",), ours[1]: ("loop0",), ours[3]: ("loop1",)}


async def test_a_guest_that_loses_a_file_system_before_the_set_is_refused(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    plan = await plan_of(guest, ["/data", "/log"])
    del emulated.guest.file_systems[0]
    with pytest.raises(HostError, match="no longer mounted: loop0"):
        await guest.open(plan)


async def test_one_set_at_a_time(
    guest: GuestAgentCoordinator, emulated: Emulated, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "ANSWER_S", 0.2)
    plan = await plan_of(guest, ["/data", "/log"])
    opened = await guest.open(plan)
    other = coordinator_of(emulated, home)
    await other.connect()  # it cannot ask, but need not: a set is open
    with pytest.raises(HostError):
        await other.open(replace(plan, set_id="s2"))
    assert (await opened.freeze(4.0)).file_systems == 2
    assert (await opened.thaw()).file_systems == 2
    await opened.complete(succeeded=True)


@pytest.mark.parametrize(("code", "stays"), [("host.busy", True), ("host.unreachable", False)])
async def test_who_the_guest_is_stays_on_file_for_whoever_has_a_set_open(
    guest: GuestAgentCoordinator, home: Path, monkeypatch: pytest.MonkeyPatch, code: str, stays: bool
) -> None:
    async def refused(*_: object) -> NoReturn:
        raise HostError(code, "no")

    monkeypatch.setattr(coordinator_module, "open_held_set", refused)
    with pytest.raises(HostError, match="no"):
        await guest.open(await plan_of(guest, ["/data"]))
    assert any((home / "run").glob("*.identity")) is stays


async def test_a_program_that_fails_in_the_guest_is_an_error_with_its_own_words(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    asked = questions.Questions(partial(questions.ask_directly, emulated.path), "guest")
    with pytest.raises(HostError, match=r"nonsense.exe: it ended with 1") as caught:
        await asked.output("nonsense.exe")
    assert caught.value.code == "host.rejected"


async def test_a_frozen_guest_is_known_again_and_thawed_by_recovery(
    guest: GuestAgentCoordinator, emulated: Emulated, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "ANSWER_S", 0.2)
    known = await guest.identify()
    opened = await guest.open(await plan_of(guest, ["/data", "/log"]))
    await opened.freeze(4.0)
    successor = coordinator_of(emulated, home)
    await successor.connect()
    assert await successor.identify() == known
    await successor.recover("s1", 7)
    assert not emulated.frozen("/data")
    assert not emulated.frozen("/log")
    assert not list((home / "run").iterdir())
    await opened.abort()


async def test_without_an_open_set_a_frozen_guest_is_refused(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    emulated.guest.freeze(["/data"])
    await asyncio.to_thread(emulated.agent.start_frozen)
    for asking in (guest.connect(), guest.identify(), guest.survey()):
        with pytest.raises(HostError) as caught:
            await asking
        assert caught.value.code == "host.already-frozen"


async def test_an_agent_that_answers_nonsense_is_rejected(
    guest: GuestAgentCoordinator, emulated: Emulated
) -> None:
    emulated.guest.file_systems[0].name = None  # type: ignore[assignment] # that is the nonsense
    with pytest.raises(HostError, match="known form"):
        await guest.survey()
