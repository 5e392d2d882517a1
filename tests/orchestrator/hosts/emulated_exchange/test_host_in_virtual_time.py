"""The emulated server's promises, on a clock that jumps and a store that tells what was asked of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, WriterState
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import (
    DEAD_MAN_S,
    open_set,
    plan_for,
    stricter,
)
from tests.orchestrator.hosts.emulated_exchange.host_on_virtual_time import WatchedStore, exchange_after

pytestmark = pytest.mark.virtual_time


async def test_a_good_night(host: InProcessHost, store: WatchedStore) -> None:
    host_set = await open_set(host)
    assert (await exchange_after(host, host_set)).state is WriterState.STABLE

    freeze = await host_set.freeze(DEAD_MAN_S)
    assert {one.state for one in freeze.writers} == {WriterState.WAITING_FOR_THAW}
    assert {one.session_id for one in freeze.writers} == {host_set.session_id}
    await asyncio.sleep(2.0)
    assert "DB01" in store.stopped

    release = await host_set.thaw()
    assert release.hold_ended_by is HoldEnd.RELEASE
    assert release.set_status == VSS_S_ASYNC_FINISHED
    assert (release.hold_s, release.frozen_s) == (2.0, 2.0)
    assert not store.stopped

    after = await exchange_after(host, host_set)
    assert (after.state, after.failure) == (WriterState.WAITING_FOR_BACKUP_COMPLETE, 0)
    await host_set.complete(succeeded=True)
    assert (await exchange_after(host, host_set)).state is WriterState.STABLE


async def test_the_hold_stops_every_database_on_the_host_volumes_of_the_set(
    host: InProcessHost, store: WatchedStore
) -> None:
    host_set = await open_set(host, "DB03")
    await host_set.freeze(DEAD_MAN_S)
    assert store.stopped == {"DB01", "DB02", "DB03"}  # all have their pages on D:


@pytest.mark.parametrize(
    ("dead_man_s", "hold_s", "ended_by", "status", "after_s"),
    [
        (15.0, 6.0, HoldEnd.HOLD_LIMIT, 0x80042314, 6.0),
        (15.0, 0.2, HoldEnd.HOLD_LIMIT, 0x80042314, 0.2),
        (2.0, 6.0, HoldEnd.DEAD_MAN, 0x80042306, 2.0),
    ],
)
async def test_a_hold_that_nobody_ends_ends_by_itself_and_says_so(
    host: InProcessHost,
    store: WatchedStore,
    dead_man_s: float,
    hold_s: float,
    ended_by: HoldEnd,
    status: int,
    after_s: float,
) -> None:
    host_set = await open_set(host, budgets=stricter(hold_s=hold_s))
    await host_set.freeze(dead_man_s)
    await asyncio.sleep(after_s - 0.01)
    assert store.stopped
    await asyncio.sleep(0.02)
    assert not store.stopped

    report = await host_set.thaw()
    assert (report.hold_ended_by, report.set_status) == (ended_by, status)
    assert report.hold_s == pytest.approx(after_s)
    exchange = await exchange_after(host, host_set)
    assert (exchange.state, exchange.failure) == (WriterState.FAILED_AT_FREEZE, 0x800423F2)
    with pytest.raises(HostError, match="0x80042301"):
        await host_set.complete(succeeded=True)


async def test_the_dead_man_is_armed_before_the_writers_begin_to_freeze(
    host: InProcessHost, store: WatchedStore
) -> None:
    store.takes_s = 100.0
    host_set = await open_set(host)
    freezing = asyncio.create_task(host_set.freeze(3.0))
    await asyncio.sleep(3.1)
    assert not store.stopped
    with pytest.raises(HostError, match=r"over \(dead-man\)"):
        await freezing
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.NEVER_HELD


async def test_a_thaw_is_idempotent_and_safe_when_nothing_is_frozen(host: InProcessHost) -> None:
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    first = await host_set.thaw()
    await asyncio.sleep(60)
    assert await host_set.thaw() == first

    unfrozen = await open_set(host, "DB02", set_id="set-2")
    assert (await unfrozen.thaw()).hold_ended_by is HoldEnd.NEVER_HELD


async def test_a_freeze_that_arrives_after_the_thaw_freezes_nothing(
    host: InProcessHost, store: WatchedStore
) -> None:
    host_set = await open_set(host)
    await host_set.thaw()
    with pytest.raises(HostError, match="0x80042301"):
        await host_set.freeze(DEAD_MAN_S)
    assert not store.stopped


async def test_a_thaw_overtakes_a_freeze_that_is_still_under_way(
    host: InProcessHost, store: WatchedStore
) -> None:
    store.takes_s = 5.0
    host_set = await open_set(host)
    freezing = asyncio.create_task(host_set.freeze(DEAD_MAN_S))
    await asyncio.sleep(1.0)
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.NEVER_HELD
    assert not store.stopped
    with pytest.raises(HostError):
        await freezing
    assert not store.stopped


async def test_a_freeze_that_fails_late_does_not_thaw_the_next_set(
    host: InProcessHost, store: WatchedStore
) -> None:
    store.takes_s = 5.0
    first = await open_set(host)
    freezing = asyncio.create_task(first.freeze(DEAD_MAN_S))
    await asyncio.sleep(1.0)
    await first.abort()
    store.takes_s = 0.0
    second = await open_set(host, set_id="set-2")
    await second.freeze(DEAD_MAN_S)
    with pytest.raises(HostError):
        await freezing
    assert store.stopped
    assert (await second.thaw()).hold_ended_by is HoldEnd.RELEASE


async def test_a_second_freeze_is_refused_and_changes_nothing(
    host: InProcessHost, store: WatchedStore
) -> None:
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    with pytest.raises(HostError, match="0x80042301"):
        await host_set.freeze(1.0)
    await asyncio.sleep(2.0)
    assert store.stopped
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.RELEASE


async def test_a_cancelled_freeze_leaves_nothing_frozen(host: InProcessHost, store: WatchedStore) -> None:
    store.takes_s = 5.0
    host_set = await open_set(host)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await host_set.freeze(DEAD_MAN_S)
    assert not store.stopped


async def test_databases_that_do_not_stop_fail_the_freeze(host: InProcessHost, store: WatchedStore) -> None:
    store.obeys = False
    host_set = await open_set(host)
    with pytest.raises(HostError) as caught:
        await host_set.freeze(DEAD_MAN_S)
    assert caught.value.code == "host.writer-failed"
    assert not store.stopped


@pytest.mark.parametrize("dead_man_s", [0.0, -1.0, 20.1, float("inf"), float("nan")])
async def test_a_freeze_without_a_sensible_dead_man_is_refused(
    host: InProcessHost, store: WatchedStore, dead_man_s: float
) -> None:
    host_set = await open_set(host)
    with pytest.raises(HostError, match="dead man"):
        await host_set.freeze(dead_man_s)
    assert not store.stopped


async def test_an_abort_while_frozen_thaws_and_ends_the_session(
    host: InProcessHost, store: WatchedStore
) -> None:
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    await host_set.abort()
    await host_set.abort()
    assert not store.stopped
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.ABORT
    await open_set(host, set_id="set-2")


@pytest.mark.parametrize(
    ("ended_by", "code"), [("abort", "host.session-lost"), ("complete", "host.rejected")]
)
async def test_the_writers_are_told_once_how_the_backup_ended(
    host: InProcessHost, ended_by: str, code: str
) -> None:
    host_set = await open_set(host)
    with pytest.raises(HostError, match="0x80042301"):
        await host_set.complete(succeeded=False)
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    await (host_set.abort() if ended_by == "abort" else host_set.complete(succeeded=False))
    with pytest.raises(HostError) as caught:
        await host_set.complete(succeeded=True)
    assert caught.value.code == code


async def test_one_set_can_be_in_creation_at_a_time(host: InProcessHost) -> None:
    first = await open_set(host)
    with pytest.raises(HostError, match="0x80042316") as caught:
        await open_set(host, "DB02", set_id="set-2")
    assert caught.value.code == "host.busy"
    await first.freeze(DEAD_MAN_S)
    await first.thaw()
    await open_set(host, "DB02", set_id="set-2")


async def test_a_database_in_backup_cannot_be_backed_up_again_until_the_session_ends(
    host: InProcessHost,
) -> None:
    first = await open_set(host)
    await first.freeze(DEAD_MAN_S)
    await first.thaw()
    with pytest.raises(HostError, match="0x50d") as caught:
        await open_set(host, set_id="set-2")
    assert caught.value.code == "host.busy"
    await first.complete(succeeded=False)
    await open_set(host, set_id="set-2")


async def test_a_set_that_is_never_frozen_makes_room_when_its_time_to_prepare_is_over(
    host: InProcessHost,
) -> None:
    host_set = await open_set(host, budgets=stricter(prepare_s=30.0))
    await asyncio.sleep(30.1)
    await open_set(host, "DB02", set_id="set-2")
    with pytest.raises(HostError, match="never-held"):
        await host_set.freeze(DEAD_MAN_S)


@pytest.mark.parametrize("fence", [6, 8])
async def test_only_the_holder_of_the_fencing_token_can_recover_a_set(
    host: InProcessHost, store: WatchedStore, fence: int
) -> None:
    host_set = await open_set(host, fence=7)
    await host_set.freeze(DEAD_MAN_S)
    with pytest.raises(HostError, match="fencing token"):
        await host.recover("set-1", fence)
    assert store.stopped
    await host.recover("set-1", 7)
    assert not store.stopped


async def test_recovering_an_unknown_set_succeeds_and_keeps_it_from_being_opened_later(
    host: InProcessHost,
) -> None:
    await host.recover("set-1", 7)
    with pytest.raises(HostError, match="0x8004230d"):
        await open_set(host)


async def test_a_set_id_is_not_used_twice(host: InProcessHost) -> None:
    await (await open_set(host)).abort()
    with pytest.raises(HostError, match="0x8004230d"):
        await open_set(host)


REFUSED = {
    "0x8004231b": lambda plan: replace(plan, context=plan.context | 0x10),
    "0x80042312": lambda plan: replace(plan, host_volumes=tuple(str(number) for number in range(65))),
    "no such host volume": lambda plan: replace(plan, host_volumes=("X:",)),
    "no writer offers": lambda plan: replace(plan, components=()),
    "no such writer": lambda plan: replace(plan, writers=(replace(plan.writers[0], instance_id="old"),)),
    "0x800423f0": lambda plan: replace(plan, host_volumes=plan.host_volumes[:1]),
}


@pytest.mark.parametrize("reason", REFUSED)
async def test_a_plan_that_vss_or_its_writer_would_refuse_is_refused(
    host: InProcessHost, reason: str
) -> None:
    plan = plan_for(await host.survey())
    with pytest.raises(HostError, match=reason):
        await host.open(REFUSED[reason](plan))
    await host.open(plan)
