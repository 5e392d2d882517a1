"""The requestor session on the emulated host: how long it lasts, and what its end leads to."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.model.hosts import LogRange, LogsKept
from orchestrator.plugin import HostSet
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import DEAD_MAN_S, fault, plan_for

pytestmark = pytest.mark.virtual_time

FULL, INCREMENTAL, COPY = 1, 2, 5


async def thawed(
    host: InProcessHost,
    *databases: str,
    set_id: str = "set-1",
    backup_type: int = FULL,
    session_s: float = 600,
) -> HostSet:
    """Make a set, up to where its session is held."""
    plan = plan_for(await host.survey(), *databases, set_id=set_id)
    host_set = await host.open(replace(plan, backup_type=backup_type, session_s=session_s))
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    return host_set


async def in_backup(host: InProcessHost) -> dict[str, str]:
    exchange = (await host.survey()).exchange
    assert exchange is not None
    return {one.name: one.in_backup_by for one in exchange.databases if one.in_backup_by}


async def test_a_session_is_taken_up_again_by_its_set_and_its_fencing_token(host: InProcessHost) -> None:
    held = await thawed(host)
    taken_up = await host.resume("set-1", 7)
    assert taken_up.session_id == held.session_id
    assert (await taken_up.complete(succeeded=True)).logs[0].kept is None
    with pytest.raises(HostError, match="fencing token"):
        await host.resume("set-1", 8)


async def test_a_session_that_is_not_kept_cannot_be_taken_up(host: InProcessHost) -> None:
    await (await thawed(host)).abort()
    for set_id in ("set-1", "never-opened"):
        with pytest.raises(HostError) as caught:
            await host.resume(set_id, 7)
        assert caught.value.code == "host.session-lost"


async def test_the_answer_of_the_writers_can_be_asked_for_again(host: InProcessHost) -> None:
    host_set = await thawed(host)
    first = await host_set.complete(succeeded=True)
    assert first.logs[0].before == LogRange("DB01", 1, 10)
    assert first.logs[0].after == LogRange("DB01", 8, 10)
    await asyncio.sleep(3600)
    assert await (await host.resume("set-1", 7)).complete(succeeded=True) == first
    with pytest.raises(HostError, match="otherwise"):
        await host_set.complete(succeeded=False)


async def test_a_lost_answer_of_slow_writers_is_waited_for_by_whoever_asks_next(host: InProcessHost) -> None:
    host.inject(fault("backup-complete:hang"))
    host_set = await thawed(host)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5.0):
            await host_set.complete(succeeded=True)
    report = await (await host.resume("set-1", 7)).complete(succeeded=True)
    assert report.logs[0].kept is LogsKept.UNKNOWN
    assert report.logs[0].before == report.logs[0].after


async def test_a_session_ends_by_itself_after_its_time_since_the_thaw(host: InProcessHost) -> None:
    host_set = await thawed(host, session_s=600)
    await asyncio.sleep(599)
    assert await in_backup(host) == {"DB01": "set-1"}
    await asyncio.sleep(2)
    assert await in_backup(host) == {}
    for request in (host_set.complete(succeeded=True), host.resume("set-1", 7)):
        with pytest.raises(HostError) as caught:
            await request
        assert caught.value.code == "host.session-lost"
    await thawed(host, set_id="set-2")


async def test_a_session_does_not_end_while_the_writers_are_being_told(host: InProcessHost) -> None:
    host.inject(fault("backup-complete:late"))
    host_set = await thawed(host, session_s=30)
    assert (await host_set.complete(succeeded=True)).logs[0].kept is None


@pytest.mark.parametrize("backup_type", [FULL, COPY])
async def test_a_backup_of_any_type_marks_its_databases_until_it_ends(
    host: InProcessHost, backup_type: int
) -> None:
    host_set = await thawed(host, backup_type=backup_type)
    assert await in_backup(host) == {"DB01": "set-1"}
    await host_set.complete(succeeded=True)
    assert await in_backup(host) == {}


async def test_backups_of_different_databases_may_be_verified_side_by_side(host: InProcessHost) -> None:
    await thawed(host, "DB01")
    await thawed(host, "DB02", set_id="set-2")
    assert await in_backup(host) == {"DB01": "set-1", "DB02": "set-2"}


async def test_a_writer_that_was_restarted_has_forgotten_the_backup(host: InProcessHost) -> None:
    writer = (await host.survey()).writers[0]
    host_set = await thawed(host)
    host.host.restart_writer(writer.instance_id)
    assert await in_backup(host) == {}
    second = await thawed(host, set_id="set-2")
    assert (await host_set.complete(succeeded=True)).logs[0].kept is LogsKept.WRITER_RESTARTED
    exchange = (await host.survey()).exchange
    assert exchange is not None
    assert exchange.databases[0].last_full is None
    assert (await second.complete(succeeded=True)).logs[0].kept is None


async def test_another_service_s_restart_is_no_matter_of_the_backup(host: InProcessHost) -> None:
    system = (await host.survey()).writers[-1]
    host_set = await thawed(host)
    host.host.restart_writer(system.instance_id)
    assert await in_backup(host) == {"DB01": "set-1"}
    assert (await host_set.complete(succeeded=True)).logs[0].kept is None


async def test_a_set_whose_opening_was_cancelled_makes_room_at_once(host: InProcessHost) -> None:
    host.inject(fault("prepare-for-backup:hang"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await host.open(plan_for(await host.survey()))
    await thawed(host, set_id="set-2")


async def test_a_full_backup_is_remembered_and_an_incremental_needs_one(host: InProcessHost) -> None:
    with pytest.raises(HostError, match="-560"):
        await thawed(host, backup_type=INCREMENTAL)
    await (await thawed(host)).complete(succeeded=True)
    exchange = (await host.survey()).exchange
    assert exchange is not None
    assert [one.last_full is not None for one in exchange.databases] == [True, False, False]
    await thawed(host, set_id="set-2", backup_type=INCREMENTAL)


@pytest.mark.parametrize("backup_type", [FULL, COPY])
@pytest.mark.parametrize("succeeded", [True, False])
async def test_only_a_full_backup_that_succeeded_is_remembered_as_one(
    host: InProcessHost, backup_type: int, succeeded: bool
) -> None:
    await (await thawed(host, backup_type=backup_type)).complete(succeeded=succeeded)
    exchange = (await host.survey()).exchange
    assert exchange is not None
    assert (exchange.databases[0].last_full is not None) is (backup_type == FULL and succeeded)


KEPT = {
    "copy": (COPY, True, "", LogsKept.NOT_ASKED),
    "failed": (FULL, False, "", LogsKept.NOT_ASKED),
    "dismounted": (FULL, True, "dismounted-after-thaw", LogsKept.DISMOUNTED),
    "restarted": (FULL, True, "writer-restarted-after-thaw", LogsKept.WRITER_RESTARTED),
    "writer failed": (FULL, True, "writer-failed-after-thaw", LogsKept.UNKNOWN),
    "component failed": (FULL, True, "component-failed-after-thaw", LogsKept.UNKNOWN),
}


@pytest.mark.parametrize("why", KEPT)
async def test_logs_are_kept_unless_everything_is_well(host: InProcessHost, why: str) -> None:
    backup_type, succeeded, name, kept = KEPT[why]
    if name:
        host.inject(fault(name))
    report = await (await thawed(host, backup_type=backup_type)).complete(succeeded=succeeded)
    assert [one.kept for one in report.logs] == [kept]
    assert report.logs[0].before == report.logs[0].after


async def test_a_second_backup_at_the_same_checkpoint_has_nothing_to_truncate(host: InProcessHost) -> None:
    for number, kept in enumerate((None, LogsKept.NOTHING_TO_TRUNCATE)):
        host_set = await thawed(host, set_id=f"set-{number}")
        assert [one.kept for one in (await host_set.complete(succeeded=True)).logs] == [kept]
    deleted = [(one.event_id, one.subject) for one in host.host.events() if one.event_id in (224, 225)]
    assert deleted == [(224, "DB01"), (225, "DB01")]


async def test_an_abort_or_a_requestor_that_is_gone_truncates_nothing(host: InProcessHost) -> None:
    await (await thawed(host)).abort()
    host.inject(fault("requestor-lost:error", position=3))
    with pytest.raises(HostError):
        await thawed(host, set_id="set-2")
    assert not [one for one in host.host.events() if one.event_id == 224]


async def test_the_edges_of_the_freeze_stand_in_the_application_log(host: InProcessHost) -> None:
    host_set = await host.open(plan_for(await host.survey()))
    freeze = await host_set.freeze(DEAD_MAN_S)
    await asyncio.sleep(2.0)
    release = await host_set.thaw()
    await host_set.complete(succeeded=True)
    trail = [(one.source, one.event_id) for one in host.host.events() if one.source == "ESE"]
    assert trail == [("ESE", 2009), ("ESE", 2001), ("ESE", 2003), ("ESE", 2006)]
    at = {one.event_id: one.at for one in host.host.events()}
    assert (at[2001], at[2003]) == (freeze.frozen_at.wall, release.thawed_at.wall)
    recalled = {one.source for one in host.host.events() if one.recalled}
    assert recalled == {"MSExchangeRepl"}
