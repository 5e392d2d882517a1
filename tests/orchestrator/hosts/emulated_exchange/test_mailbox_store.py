from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

import pytest

from orchestrator.errors import BadInput, VerificationError
from orchestrator.hosts.emulated_exchange.emulator.database_thread import CATCH_UP_S, next_due_s
from orchestrator.hosts.emulated_exchange.emulator.mailbox.database_pages import ROTTEN_PAGE
from orchestrator.hosts.emulated_exchange.emulator.store import MailboxStore
from orchestrator.lab.contents import verify_pair
from orchestrator.model.verification import Severity, Verdict
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import Disks, changes, passed

pytestmark = pytest.mark.journey


@pytest.fixture
def store(disks: Disks) -> Iterator[MailboxStore]:
    store = MailboxStore(disks.options())
    store.start()
    yield store
    store.close()


def test_changes_that_were_held_up_for_a_moment_are_caught_up_with_but_not_those_of_a_long_stop() -> None:
    assert next_due_s(due_s=100.0, pause_s=0.002, now_s=100.001) == 100.002
    assert next_due_s(due_s=100.0, pause_s=0.002, now_s=100.01) == 100.002
    assert next_due_s(due_s=100.0, pause_s=0.002, now_s=115.0) == 115.0 - CATCH_UP_S


async def test_databases_change_until_they_are_stopped_and_again_after(
    store: MailboxStore, disks: Disks
) -> None:
    assert await changes(disks, 5.0)
    assert await store.stop(["DB01", "DB02"], 5.0)
    assert not await changes(disks, 0.02)
    store.resume()
    assert await changes(disks, 5.0)


async def test_a_stopped_store_can_be_recovered_wherever_it_stopped(
    store: MailboxStore, disks: Disks
) -> None:
    for _ in range(2):
        assert await changes(disks, 5.0)
        assert await store.stop(["DB01", "DB02"], 5.0)
        verified = await asyncio.to_thread(disks.verified)
        assert [(each.caption, each.verdict) for each in verified] == [
            ("DB01", Verdict.RECOVERABLE),
            ("DB02", Verdict.RECOVERABLE),
        ]
        assert [
            found for each in verified for found in each.findings if found.severity is not Severity.INFO
        ] == []
        store.resume()


async def test_only_the_databases_that_were_asked_stop(store: MailboxStore, disks: Disks) -> None:
    assert await store.stop(["DB01"], 5.0)
    before = await asyncio.to_thread(disks.files_of_logs)
    assert await changes(disks, 5.0)
    await asyncio.sleep(0.01)
    after = await asyncio.to_thread(disks.files_of_logs)
    assert before["DB01"] == after["DB01"]
    assert before["DB02"] != after["DB02"]


@pytest.mark.many
async def test_stopped_array_volumes_can_be_cut_apart_and_changing_ones_cannot(
    store: MailboxStore, disks: Disks
) -> None:
    assert await changes(disks, 5.0)
    torn = [await asyncio.to_thread(disks.verified, 0.005) for _ in range(4)]
    assert sum(not passed(each) for each in torn) >= 3

    assert await store.stop(["DB01", "DB02"], 5.0)
    assert passed(await asyncio.to_thread(disks.verified, 0.005))


async def test_a_rotten_page_is_on_the_array_volume_once_the_store_stands_still(
    store: MailboxStore, disks: Disks
) -> None:
    store.spoil()
    assert await store.stop(["DB01", "DB02"], 5.0)

    first, second = await asyncio.to_thread(disks.verified)

    assert (first.verdict, second.verdict) == (Verdict.DAMAGED, Verdict.RECOVERABLE)
    pages = {each.place.number for each in first.findings if each.place.unit == "page"}
    assert pages == {ROTTEN_PAGE}


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


@pytest.mark.parametrize("size_bytes", [0, 16 << 10, 1 << 20, 2 << 20])
def test_array_volumes_too_small_for_their_databases_are_refused(disks: Disks, size_bytes: int) -> None:
    os.truncate(disks.database, size_bytes)
    with pytest.raises(BadInput, match="too few"):
        MailboxStore(disks.options())


def test_a_restarted_store_begins_with_new_databases(disks: Disks) -> None:
    for _ in range(2):
        store = MailboxStore(disks.options())
        store.start()
        store.close()
    assert passed(disks.verified())


def test_clones_that_hold_no_pair_or_nothing_do_not_pass(disks: Disks) -> None:
    with pytest.raises(VerificationError):
        disks.verified()
    store = MailboxStore(disks.options())
    store.start()
    store.close()
    for path in (disks.log, disks.database):
        assert not passed(verify_pair(path, path))


def test_a_database_and_its_logs_may_share_an_array_volume(disks: Disks) -> None:
    options = disks.options()
    database, log = options.volumes
    together = log.model_copy(update={"path": database.path, "lock": database.lock})
    store = MailboxStore(options.model_copy(update={"volumes": (database, together)}))
    store.start()
    store.close()
    both = disks.cut(disks.database)
    assert passed(verify_pair(both, both))


@pytest.mark.many
@pytest.mark.timeout(120)  # each look starts a process or two
def test_a_server_that_is_killed_between_any_two_writes_leaves_what_can_be_recovered(disks: Disks) -> None:
    """A piece is whole for whoever cuts, but a killed server leaves the first writes of it."""
    store = MailboxStore(disks.options())
    with ExitStack() as stack:
        handles = {volume: stack.enter_context(volume.opened()) for volume in store._volumes.values()}
        for volume, handle in handles.items():
            volume.start(handle)
        contents = store._threads[0]._contents
        for _ in range(2):  # the second one begins a log
            for volume, writes in contents.change():
                kept, volume._kept = volume._kept, []
                for write in (*kept, *writes):
                    volume.write(handles[volume], write)
                    verified = verify_pair(disks.log, disks.database)
                    assert passed(verified), [each.findings for each in verified]
