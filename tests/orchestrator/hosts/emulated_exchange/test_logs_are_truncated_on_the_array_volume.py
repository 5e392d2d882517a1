"""Logs that a full backup lets go: out of their folder, their clusters free, the others recoverable."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.hosts.emulated_exchange.emulator.clock import MachineClock
from orchestrator.hosts.emulated_exchange.emulator.in_process import InProcessHost
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_folder import KEPT
from orchestrator.hosts.emulated_exchange.emulator.store import MailboxStore
from orchestrator.model.hosts import CompletionReport
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import (
    DEAD_MAN_S,
    Disks,
    changes,
    passed,
    plan_for,
)
from tests.orchestrator.hosts.emulated_exchange.mailbox.plain_volume import PlainDatabase

FULL, COPY = 1, 5


def archived(logs: dict[str, bytes]) -> list[int]:
    """Return the generations of the full logs, in order."""
    names = (parse_name(path.rpartition("/")[2]) for path in logs)
    return sorted(name.generation or 0 for name in names if name and name.kind is LogKind.NUMBERED)


@pytest.mark.parametrize("exchange", ["2003", "2016"])
def test_logs_before_the_checkpoint_go_and_recovery_finds_the_others(exchange: str) -> None:
    database = PlainDatabase(exchange)
    database.change(7)
    before = archived(database.logs.copy())
    checkpoint = database.contents.checkpoint
    assert before[0] < checkpoint < before[-1]
    assert database.contents.archived == (before[0], before[-1])

    database.take(database.contents.truncate(checkpoint))

    assert archived(database.logs.copy()) == list(range(checkpoint, before[-1] + 1))
    assert database.contents.archived == (checkpoint, before[-1])
    assert database.judge().verdict.passed


def test_no_log_goes_that_recovery_needs_whatever_is_asked_for() -> None:
    database = PlainDatabase("2016")
    left: list[int] = []
    for _ in range(12):
        database.change()
        checkpoint = database.contents.checkpoint
        logs = database.logs.copy()
        (path,) = (path for path in logs if path.endswith(".chk"))
        assert checkpoint == int.from_bytes(logs[path][16:20], "little")  # lgposCheckpoint.lGeneration
        database.take(database.contents.truncate(10_000))
        left = archived(database.logs.copy())
        assert left == list(range(checkpoint, checkpoint + len(left)))
        assert database.judge().verdict.passed
    assert left


def test_logs_are_recycled_again_once_there_are_as_many_as_before() -> None:
    database = PlainDatabase("2016")
    database.take(database.contents.truncate(10_000))
    database.change(3 * KEPT)
    assert len(archived(database.logs.copy())) == KEPT
    assert database.judge().verdict.passed


@pytest.fixture
def store(disks: Disks) -> Iterator[MailboxStore]:
    store = MailboxStore(disks.options(changes_per_s=200.0))
    store.start()
    yield store
    store.close()


async def back_up(
    host: InProcessHost, set_id: str, backup_type: int, *, succeeded: bool = True
) -> CompletionReport:
    plan = plan_for(await host.survey(), set_id=set_id)
    host_set = await host.open(replace(plan, backup_type=backup_type))
    await host_set.freeze(DEAD_MAN_S)
    await host_set.thaw()
    return await host_set.complete(succeeded=succeeded)


@pytest.mark.journey
async def test_a_clone_made_later_shows_which_logs_a_full_backup_has_let_go(
    store: MailboxStore, disks: Disks
) -> None:
    host = InProcessHost(disks.options(), store=store, clock=MachineClock())
    files = store._volumes[disks.log]._files
    for number, (backup_type, succeeded) in enumerate([(COPY, True), (FULL, False)]):
        (kept,) = (await back_up(host, f"set-{number}", backup_type, succeeded=succeeded)).logs
        assert kept.before.lowest is not None
        assert kept.kept is not None
    free_bytes = files.free_bytes

    (truncated,) = (await back_up(host, "set-9", FULL)).logs

    assert truncated.kept is None
    assert truncated.after.lowest is not None
    assert truncated.before.lowest is not None
    assert truncated.after.lowest > truncated.before.lowest
    assert files.free_bytes > free_bytes
    assert await changes(disks, 5.0)
    assert await store.stop(["DB01", "DB02"], 5.0)
    logs = await asyncio.to_thread(disks.files_of_logs)
    assert archived(dict(logs["DB01"]))[0] >= truncated.after.lowest
    assert len(archived(dict(logs["DB02"]))) == KEPT
    assert passed(await asyncio.to_thread(disks.verified))
