from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from orchestrator.errors import BadInput
from orchestrator.hosts.emulated_exchange.emulator.store import MailboxStore
from orchestrator.hosts.emulated_exchange.ordering import check_databases
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import Disks, changes


@pytest.fixture
def store(disks: Disks) -> Iterator[MailboxStore]:
    store = MailboxStore(disks.options())
    store.start()
    yield store
    store.close()


async def test_databases_change_until_they_are_stopped_and_again_after(
    store: MailboxStore, disks: Disks
) -> None:
    assert await changes(disks, 5.0)
    assert await store.stop(["DB01", "DB02"], 5.0)
    assert not await changes(disks, 0.02)
    store.resume()
    assert await changes(disks, 5.0)


async def test_a_stopped_store_has_written_every_change_to_both_array_volumes(
    store: MailboxStore, disks: Disks
) -> None:
    for _ in range(5):
        assert await changes(disks, 5.0)
        assert await store.stop(["DB01", "DB02"], 5.0)
        verdicts = await asyncio.to_thread(check_databases, disks.log, disks.database)
        assert verdicts.keys() == {"DB01", "DB02"}
        for verdict in verdicts.values():
            assert verdict.valid, verdict.findings
            assert verdict.newest_log == verdict.newest_database
        store.resume()


async def test_only_the_databases_that_were_asked_stop(store: MailboxStore, disks: Disks) -> None:
    assert await store.stop(["DB01"], 5.0)
    before = await asyncio.to_thread(check_databases, disks.log, disks.database)
    assert await changes(disks, 5.0)
    after = await asyncio.to_thread(check_databases, disks.log, disks.database)
    assert after["DB01"] == before["DB01"]


async def test_stopped_array_volumes_can_be_cut_apart_and_changing_ones_cannot(
    store: MailboxStore, disks: Disks
) -> None:
    assert await changes(disks, 5.0)
    torn = [not (await asyncio.to_thread(disks.order, 0.005)).valid for _ in range(5)]
    assert sum(torn) >= 4

    assert await store.stop(["DB01", "DB02"], 5.0)
    for _ in range(3):
        assert (await asyncio.to_thread(disks.order, 0.005)).valid


async def test_a_write_waits_for_a_cut_that_holds_the_lock_of_its_array(
    store: MailboxStore, disks: Disks
) -> None:
    assert await changes(disks, 5.0)

    def hold_the_lock() -> tuple[bytes, bytes]:
        with disks.log.with_suffix(".lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = disks.log.read_bytes()
            asyncio.run(changes(disks, 0.02))
            return before, disks.log.read_bytes()

    before, after = await asyncio.to_thread(hold_the_lock)
    assert before == after


@asynccontextmanager
async def the_log_locked(disks: Disks) -> AsyncIterator[None]:
    """Hold the lock of the log's array until every thread waits for it."""
    with disks.log.with_suffix(".lock").open("rb") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        await asyncio.sleep(0.05)
        yield


async def test_a_thread_that_cannot_stop_in_time_is_not_called_stopped(
    store: MailboxStore, disks: Disks
) -> None:
    async with the_log_locked(disks):
        assert not await store.stop(["DB01"], 0.02)


async def test_a_thread_is_not_called_stopped_because_it_stopped_before(
    store: MailboxStore, disks: Disks
) -> None:
    assert await store.stop(["DB01"], 5.0)
    store.resume()
    async with the_log_locked(disks):
        assert not await store.stop(["DB01"], 0.02)


async def test_a_resume_ends_the_wait_for_a_stop(store: MailboxStore, disks: Disks) -> None:
    async with the_log_locked(disks), asyncio.timeout(5.0):
        stopping = asyncio.create_task(store.stop(["DB01"], 30.0))
        await asyncio.sleep(0)
        store.resume()
        assert not await stopping


async def test_a_database_that_has_ended_is_not_called_stopped(store: MailboxStore) -> None:
    await asyncio.to_thread(store.close)
    async with asyncio.timeout(5.0):
        assert not await store.stop(["DB01"], 30.0)


def test_a_missing_file_of_an_array_is_refused(disks: Disks) -> None:
    disks.log.with_suffix(".lock").unlink()
    with pytest.raises(BadInput, match=r"exch-log\.lock"):
        MailboxStore(disks.options())


def test_a_database_on_a_lun_without_bytes_does_not_change(disks: Disks) -> None:
    options = disks.options()
    lost = options.model_copy(
        update={"volumes": tuple(one.model_copy(update={"path": None}) for one in options.volumes)}
    )
    before = disks.bytes()
    store = MailboxStore(lost)
    store.start()
    store.close()
    assert disks.bytes() == before


def test_array_volumes_too_small_for_their_databases_are_refused(disks: Disks) -> None:
    disks.database.write_bytes(bytes(16 * 1024))
    with pytest.raises(BadInput, match="too few"):
        MailboxStore(disks.options())


def test_a_restarted_store_begins_with_empty_databases(disks: Disks) -> None:
    for _ in range(2):
        store = MailboxStore(disks.options())
        store.start()
        store.close()
        assert disks.order().valid
