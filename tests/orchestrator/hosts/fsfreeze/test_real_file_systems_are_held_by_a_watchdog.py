"""Real file systems, a real watchdog, real deaths. What is thawed the kernel says, by FITHAW's EINVAL."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.watchdog.client import Watchdog
from orchestrator.hosts.watchdog.held_set import recover_held_set
from orchestrator.hosts.watchdog.lease import LeaseClaim, find_lease
from orchestrator.lab.real.file_systems import LabFileSystem, thaw
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.fsfreeze.conftest import spec
from tests.orchestrator.hosts.fsfreeze.test_the_kernel_freezes_and_thaws_for_us import frozen_by_somebody_else
from tests.orchestrator.hosts.watchdog import orchestrator_child
from tests.orchestrator.hosts.watchdog.patience import until
from tests.orchestrator.hosts.watchdog.processes import ended

pytestmark = pytest.mark.real

WINDOW_S = 0.3
MUCH_LATER_S = 3.0  # on a machine that is busy with other tests
LONG_S = 30.0

Start = Callable[..., Awaitable[Watchdog]]


@pytest.fixture
async def start(claim: LeaseClaim) -> AsyncIterator[Start]:
    started: list[Watchdog] = []

    async def begin(*file_systems: LabFileSystem) -> Watchdog:
        one = await Watchdog.start(await asyncio.to_thread(spec, *file_systems), claim)
        started.append(one)
        await one.prepare()
        return one

    yield begin
    for one in started:
        with suppress(TimeoutError):
            async with asyncio.timeout(1.5):
                await one.end()
        await one.end()


@pytest.fixture
def child(ext4: LabFileSystem, claim: LeaseClaim) -> Iterator[subprocess.Popen[str]]:
    with orchestrator_child.begin(spec(ext4), claim) as child:
        yield child
        child.kill()


async def pid_of(claim: LeaseClaim) -> int:
    lease = await asyncio.to_thread(find_lease, claim.folder, claim.set_id)
    assert lease is not None
    return lease.watchdog.pid


def locked_kb(pid: int) -> int:
    """Return how much of a process cannot be swapped out."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmLck"].split()[0])


def begin_to_write(one: LabFileSystem) -> asyncio.Future[float]:
    """Write, which takes until the file system is thawed, and tell when that was.

    Not in a thread of the loop's: if a test fails, nothing may wait for it before the file system is thawed.
    """
    written: concurrent.futures.Future[float] = concurrent.futures.Future()

    def write() -> None:
        (one.mount_point / "file").write_text("data")
        written.set_result(time.monotonic())

    threading.Thread(target=write, daemon=True).start()
    return asyncio.wrap_future(written)


async def is_frozen(one: LabFileSystem) -> bool:
    """Tell whether it was frozen. It no longer is, then."""
    return await asyncio.to_thread(thaw, one.mount_point)


async def test_all_kinds_in_one_set_are_frozen_and_released(
    ext4: LabFileSystem, xfs: LabFileSystem, btrfs: LabFileSystem, start: Start
) -> None:
    file_systems = [ext4, xfs, btrfs]
    watchdog = await start(*file_systems)
    frozen = await watchdog.freeze(LONG_S, LONG_S)
    writes = [begin_to_write(one) for one in file_systems]
    asked_at = time.monotonic()
    release = await watchdog.thaw()
    written_at = [await one for one in writes]
    assert min(written_at) > asked_at
    assert (frozen.file_systems, release.file_systems) == (3, 3)
    assert release.hold_ended_by is HoldEnd.RELEASE
    assert [await is_frozen(one) for one in file_systems] == [False] * 3


async def test_what_holds_a_freeze_stays_in_memory(
    ext4: LabFileSystem, start: Start, claim: LeaseClaim
) -> None:
    await start(ext4)
    assert await asyncio.to_thread(locked_kb, await pid_of(claim)) > 1000


async def test_a_foreign_freeze_fails_the_set_and_stays(
    ext4: LabFileSystem, xfs: LabFileSystem, start: Start
) -> None:
    with frozen_by_somebody_else(ext4):
        watchdog = await start(xfs, ext4)
        with pytest.raises(HostError) as failed:
            await watchdog.freeze(LONG_S, LONG_S)
        assert (failed.value.code, failed.value.subject) == ("host.already-frozen", ext4.device)
        assert not await is_frozen(xfs)
        assert (await watchdog.thaw()).hold_ended_by is HoldEnd.NEVER_HELD
        assert await is_frozen(ext4)


async def test_a_foreign_thaw_in_mid_window_is_told(
    ext4: LabFileSystem, btrfs: LabFileSystem, start: Start
) -> None:
    watchdog = await start(ext4, btrfs)
    await watchdog.freeze(LONG_S, LONG_S)
    assert await is_frozen(btrfs)  # and the test has thawed it by that
    release = await watchdog.thaw()
    assert (release.hold_ended_by, release.file_systems) == (HoldEnd.FOREIGN, 1)


@pytest.mark.parametrize(
    ("dead_man_s", "hold_s", "cause"),
    [(WINDOW_S, LONG_S, HoldEnd.DEAD_MAN), (LONG_S, WINDOW_S, HoldEnd.HOLD_LIMIT)],
)
async def test_a_limit_thaws_without_being_asked(
    ext4: LabFileSystem, start: Start, dead_man_s: float, hold_s: float, cause: HoldEnd
) -> None:
    watchdog = await start(ext4)
    asked_at = time.monotonic()
    frozen = await watchdog.freeze(dead_man_s, hold_s)
    since = asked_at if cause is HoldEnd.DEAD_MAN else frozen.held_at.monotonic_s
    assert WINDOW_S <= await begin_to_write(ext4) - since < MUCH_LATER_S
    assert not await is_frozen(ext4)
    assert (await watchdog.thaw()).hold_ended_by is cause


async def test_sigterm_is_ignored_while_frozen(ext4: LabFileSystem, start: Start, claim: LeaseClaim) -> None:
    watchdog = await start(ext4)
    await watchdog.freeze(LONG_S, LONG_S)
    pid = await pid_of(claim)
    os.kill(pid, signal.SIGTERM)
    with pytest.raises(HostError, match="inside a freeze"):
        await watchdog.ask({})
    release = await watchdog.thaw()
    assert (release.hold_ended_by, release.file_systems) == (HoldEnd.RELEASE, 1)
    await until(lambda: ended(pid))
    assert not await is_frozen(ext4)


async def test_a_killed_watchdog_is_replaced(ext4: LabFileSystem, start: Start, claim: LeaseClaim) -> None:
    watchdog = await start(ext4)
    await watchdog.freeze(LONG_S, LONG_S)
    os.kill(await pid_of(claim), signal.SIGKILL)
    release = await watchdog.thaw()
    assert (release.hold_ended_by, release.file_systems) == (HoldEnd.ABORT, 1)
    assert not await is_frozen(ext4)


async def test_a_stopped_watchdog_is_replaced_and_cannot_freeze_afterwards(
    ext4: LabFileSystem, start: Start, claim: LeaseClaim
) -> None:
    watchdog = await start(ext4)
    pid = await pid_of(claim)
    os.kill(pid, signal.SIGSTOP)
    for call in (watchdog.freeze(LONG_S, LONG_S), watchdog.thaw()):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await call
    assert (await watchdog.thaw()).file_systems == 0
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)  # the freeze still waits to be read, by nobody
    assert await asyncio.to_thread(ended, pid)
    assert not await is_frozen(ext4)


async def test_a_killed_orchestrator_is_thawed(
    child: subprocess.Popen[str], ext4: LabFileSystem, claim: LeaseClaim
) -> None:
    watchdog = orchestrator_child.watchdog_of(child)
    writing = begin_to_write(ext4)
    killed_at = time.monotonic()
    child.kill()
    thawed_at = await writing
    await until(lambda: ended(watchdog))
    assert killed_at < thawed_at < killed_at + MUCH_LATER_S
    assert not await is_frozen(ext4)


async def test_after_the_whole_group_was_killed_recovery_thaws(
    child: subprocess.Popen[str], ext4: LabFileSystem, claim: LeaseClaim
) -> None:
    watchdog = orchestrator_child.watchdog_of(child)
    os.kill(watchdog, signal.SIGKILL)
    child.kill()
    writing = begin_to_write(ext4)
    await until(lambda: ended(watchdog))
    assert not writing.done()
    await recover_held_set(claim.folder, claim.set_id, claim.fence)
    await writing
    assert not await is_frozen(ext4)
    assert not claim.path.exists()
