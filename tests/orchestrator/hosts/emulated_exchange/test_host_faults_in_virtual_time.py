"""How the emulated server misbehaves, on a clock that jumps and a store that tells what was asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED, HoldEnd, WriterReport, WriterState
from orchestrator.plugin import HostSet
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import (
    DEAD_MAN_S,
    fault,
    open_set,
)
from tests.orchestrator.hosts.emulated_exchange.host_on_virtual_time import WatchedStore

pytestmark = pytest.mark.virtual_time


async def test_an_unfrozen_writer_is_reported_as_such(host: InProcessHost) -> None:
    host.inject(fault("writer-not-frozen"))
    host_set = await open_set(host)
    freeze = await host_set.freeze(DEAD_MAN_S)
    assert [one.state for one in freeze.writers] == [
        WriterState.FAILED_AT_FREEZE,
        WriterState.WAITING_FOR_THAW,
    ]


async def test_a_page_rots_before_the_set_is_prepared_that_the_fault_is_for(
    host: InProcessHost, store: WatchedStore
) -> None:
    host.inject(fault("rot", position=2))
    seen = []
    for number in range(3):
        host_set = await open_set(host, set_id=f"set-{number}")
        seen.append(store.spoilt)
        await host_set.abort()
    assert seen == [0, 1, 1]


Look = Callable[[WriterReport | None, HostSet], bool]

AFTER_THAW: dict[str, Look] = {
    "writer-gone-after-thaw": lambda report, _: report is None,
    "writer-restarted-after-thaw": lambda report, _: report is None,
    "writer-failed-after-thaw": lambda report, _: report is not None and report.failure == 0x800423F3,
    "component-failed-after-thaw": lambda report, _: (
        report is not None and report.component_failures == ("DB01",) and report.failure == 0
    ),
    "session-restarted-after-thaw": lambda report, host_set: (
        report is not None and report.session_id != host_set.session_id
    ),
}


@pytest.mark.parametrize("name", AFTER_THAW)
async def test_a_fault_after_the_thaw_shows_in_the_writers_status_only(
    host: InProcessHost, name: str
) -> None:
    host.inject(fault(name))
    selected = (await host.survey()).writers[0]
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    release = await host_set.thaw()
    assert (release.hold_ended_by, release.set_status) == (HoldEnd.RELEASE, VSS_S_ASYNC_FINISHED)

    reports = {one.instance_id: one for one in await host_set.writer_status()}

    assert AFTER_THAW[name](reports.get(selected.instance_id), host_set)


async def test_a_restarted_writer_stays_a_new_instance(host: InProcessHost) -> None:
    host.inject(fault("writer-restarted-after-thaw"))
    before = await host.survey()
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    after = await host.survey()
    assert after.writers[0].writer_id == before.writers[0].writer_id
    assert after.writers[0].instance_id != before.writers[0].instance_id
    assert {one.instance_id for one in after.components} == {one.instance_id for one in after.writers}


async def test_a_changed_storage_map_shows_in_the_next_survey(host: InProcessHost) -> None:
    host.inject(fault("storage-map-changed-after-thaw"))
    before = await host.survey()
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    after = await host.survey()
    assert [one.luns for one in after.host_volumes] != [one.luns for one in before.host_volumes]
    assert {one.luns for one in after.host_volumes} == {one.luns for one in before.host_volumes}


async def test_a_set_that_did_not_finish_says_so_though_we_released_it(host: InProcessHost) -> None:
    host.inject(fault("set-not-finished"))
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    release = await host_set.thaw()
    assert (release.hold_ended_by, release.set_status) == (HoldEnd.RELEASE, 0x8004230F)


@pytest.mark.parametrize("delay_s", [0.0, 0.5])
async def test_a_hold_can_end_early_after_it_was_reported(
    host: InProcessHost, store: WatchedStore, delay_s: float
) -> None:
    host.inject(fault("hold-ends-early", delay_s=delay_s))
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    await asyncio.sleep(delay_s + 0.01)
    assert not store.stopped
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.HOLD_LIMIT


async def test_a_host_that_hangs_on_thaw_is_thawed_by_its_own_timers(
    host: InProcessHost, store: WatchedStore
) -> None:
    host.inject(fault("hangs-on-thaw"))
    host_set = await open_set(host)
    await host_set.freeze(4.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5.0):
            await host_set.thaw()
    assert not store.stopped
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.DEAD_MAN


async def test_a_lost_answer_to_the_freeze_leaves_the_host_frozen(
    host: InProcessHost, store: WatchedStore
) -> None:
    host.inject(fault("freeze-answer-lost"))
    host_set = await open_set(host)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await host_set.freeze(DEAD_MAN_S)
    assert store.stopped
    await host_set.thaw()
    assert not store.stopped


async def test_a_lost_answer_to_the_thaw_can_be_asked_for_again(
    host: InProcessHost, store: WatchedStore
) -> None:
    host.inject(fault("thaw-answer-lost"))
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await host_set.thaw()
    assert not store.stopped
    assert (await host_set.thaw()).hold_ended_by is HoldEnd.RELEASE


async def test_a_clock_that_jumps_while_held_disagrees_with_itself(host: InProcessHost) -> None:
    host.inject(fault("clock-jumps", delay_s=3.0))
    host_set = await open_set(host)
    freeze = await host_set.freeze(DEAD_MAN_S)
    release = await host_set.thaw()
    assert freeze.held_at.disagreement_s(release.released_at) == pytest.approx(3.0)


async def test_a_host_that_dies_is_gone_for_every_request(host: InProcessHost) -> None:
    host.inject(fault("dies-while-frozen", delay_s=0.5))
    host_set = await open_set(host)
    await host_set.freeze(DEAD_MAN_S)
    await asyncio.sleep(0.6)
    with pytest.raises(HostError) as caught:
        await host_set.thaw()
    assert caught.value.code == "host.gone"


async def test_a_writer_can_fail_to_prepare(host: InProcessHost) -> None:
    host.inject(fault("prepare-fails"))
    with pytest.raises(HostError) as caught:
        await open_set(host)
    assert caught.value.code == "host.writer-failed"
    await open_set(host)
