"""A real watchdog process over a hold that is only a folder."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.watchdog import client
from orchestrator.hosts.watchdog.client import Watchdog
from orchestrator.hosts.watchdog.lease import Lease, LeaseClaim, find_lease
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.watchdog.conftest import Start
from tests.orchestrator.hosts.watchdog.folder_hold import HoldFolder
from tests.orchestrator.hosts.watchdog.patience import until
from tests.orchestrator.hosts.watchdog.processes import ended, opened_by, parent_and_session, watchdogs_of

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting

WINDOW_S = 0.3
MUCH_LATER_S = 3.0  # on a machine that is busy with other tests
LONG_S = 60.0


async def lease_of(claim: LeaseClaim) -> Lease | None:
    return await asyncio.to_thread(find_lease, claim.folder, claim.set_id)


async def pid_of(claim: LeaseClaim) -> int:
    lease = await lease_of(claim)
    assert lease is not None
    return lease.watchdog.pid


async def test_a_hold_is_frozen_thawed_and_reported_by_the_watchdog(start: Start, held: HoldFolder) -> None:
    watchdog = await start()
    frozen = await watchdog.freeze(LONG_S, LONG_S)
    assert held.frozen
    report = await watchdog.thaw()
    assert not held.frozen
    assert (frozen.file_systems, report.file_systems, report.hold_ended_by) == (2, 2, HoldEnd.RELEASE)
    assert frozen.frozen_at.not_after(frozen.held_at)
    assert frozen.held_at.not_after(report.released_at)
    assert await watchdog.thaw() is report
    await watchdog.end()
    assert held.calls == ["prepare", "flush", "freeze", "thaw"]


async def test_a_lease_is_there_from_before_the_freeze_until_the_set_has_ended(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    lease = await lease_of(claim)
    assert lease is not None
    assert (lease.claim, lease.spec) == (claim, held.spec)
    assert not await asyncio.to_thread(lambda: lease.forgotten)
    await watchdog.freeze(LONG_S, LONG_S)
    await watchdog.thaw()
    assert await lease_of(claim) is not None
    await watchdog.end()
    assert await lease_of(claim) is None
    assert ended(lease.watchdog.pid)
    await watchdog.end()


async def test_it_has_a_session_of_its_own_and_nothing_of_ours(
    start: Start, claim: LeaseClaim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    with (tmp_path / "open").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        watchdog = await start()
        pid = await pid_of(claim)
        assert parent_and_session(pid) == (os.getpid(), pid)
        folder, descriptors = opened_by(pid)
    assert str(tmp_path / "open") not in descriptors
    assert sum(one.startswith("socket:") for one in descriptors) == 2  # one end, read and written
    assert folder == "/"
    answer = await watchdog.ask({"name": "value"})
    assert answer["said"] == {"name": "value"}
    assert answer["pid"] == pid
    assert "SECRET" not in answer["environment"]


async def test_nothing_is_asked_inside_a_freeze_and_everything_after_it(start: Start) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    with pytest.raises(HostError, match="inside a freeze"):
        await watchdog.ask({})
    await watchdog.thaw()
    with pytest.raises(HostError) as fault:
        await watchdog.ask({"bug": "somebody's"})
    assert (fault.value.code, fault.value.what) == ("internal.fault", "RuntimeError: somebody's")
    assert (await watchdog.ask({"large": "x" * (1 << 20)}))["said"] == {"large": "x" * (1 << 20)}
    with pytest.raises(HostError) as refused:
        await watchdog.ask({"fail": "host.already-frozen"})
    assert (refused.value.code, refused.value.subject) == ("host.already-frozen", "fake")
    with pytest.raises(HostError) as unexplained:
        await watchdog.ask({"fail": "somebodys.own-code"})
    assert unexplained.value.code == "host.rejected"


async def test_a_freeze_that_failed_is_reported_and_nothing_is_frozen(start: Start, held: HoldFolder) -> None:
    watchdog = await start()
    held.let("freeze-fails")
    with pytest.raises(HostError, match="freeze-fails") as failed:
        await watchdog.freeze(LONG_S, LONG_S)
    assert not held.frozen
    assert (failed.value.code, failed.value.subject) == ("host.freeze-failed", "fake")
    assert (await watchdog.thaw()).hold_ended_by is HoldEnd.NEVER_HELD


async def test_a_set_is_frozen_once(start: Start) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    with pytest.raises(HostError, match="frozen once"):
        await watchdog.freeze(LONG_S, LONG_S)


@pytest.mark.parametrize(
    ("dead_man_s", "hold_s", "cause"),
    [(WINDOW_S, LONG_S, HoldEnd.DEAD_MAN), (LONG_S, WINDOW_S, HoldEnd.HOLD_LIMIT)],
)
async def test_it_thaws_by_itself_and_says_so_when_asked(
    start: Start, held: HoldFolder, dead_man_s: float, hold_s: float, cause: HoldEnd
) -> None:
    watchdog = await start()
    asked_at = time.monotonic()
    frozen = await watchdog.freeze(dead_man_s, hold_s)
    await until(lambda: not held.frozen)
    report = await watchdog.thaw()
    assert report.hold_ended_by is cause
    since = asked_at if cause is HoldEnd.DEAD_MAN else frozen.held_at.monotonic_s
    assert WINDOW_S <= report.released_at.monotonic_s - since < MUCH_LATER_S
    assert frozen.held_at.elapsed_s(report.released_at) == report.hold_s


async def test_a_freeze_given_up_by_us_is_cancelled_and_thawed(start: Start, held: HoldFolder) -> None:
    watchdog = await start()
    held.let("freeze-waits")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await watchdog.freeze(LONG_S, LONG_S)
    thaw = asyncio.create_task(watchdog.thaw())
    await asyncio.sleep(0)
    with pytest.raises(HostError, match="inside a freeze"):
        await watchdog.ask({})  # it answers in order: by now it knows of the thaw
    held.let_no_more("freeze-waits")
    assert (await thaw).hold_ended_by is HoldEnd.NEVER_HELD
    assert held.calls == ["prepare", "flush", "thaw"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_signals_end_it_after_the_thaw_only(
    start: Start, held: HoldFolder, claim: LeaseClaim, number: signal.Signals
) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    os.kill(await pid_of(claim), number)
    with pytest.raises(HostError, match="inside a freeze"):
        await watchdog.ask({})  # it has seen the signal, and lives
    assert held.frozen
    pid = await pid_of(claim)
    assert (await watchdog.thaw()).hold_ended_by is HoldEnd.RELEASE
    await until(lambda: ended(pid))


async def test_a_signal_ends_it_while_nothing_is_frozen(start: Start, claim: LeaseClaim) -> None:
    watchdog = await start()
    pid = await pid_of(claim)
    await asyncio.sleep(0.05)  # until it waits, and has to be woken
    os.kill(pid, signal.SIGTERM)
    await until(lambda: ended(pid))
    assert await lease_of(claim) is None
    with pytest.raises(HostError) as lost:
        await watchdog.freeze(LONG_S, LONG_S)
    assert lost.value.code == "host.watchdog-lost"


async def test_a_watchdog_killed_while_it_holds_is_replaced_by_us(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    frozen = await watchdog.freeze(LONG_S, LONG_S)
    os.kill(await pid_of(claim), signal.SIGKILL)
    report = await watchdog.thaw()
    assert not held.frozen
    assert (report.hold_ended_by, report.file_systems) == (HoldEnd.ABORT, 2)
    assert report.hold_s == frozen.held_at.elapsed_s(report.released_at)
    assert held.calls[-2:] == ["reopen", "thaw"]
    assert await lease_of(claim) is None


async def test_a_watchdog_killed_before_any_freeze_leaves_nothing_to_thaw(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    os.kill(await pid_of(claim), signal.SIGKILL)
    report = await watchdog.thaw()
    assert (report.hold_ended_by, report.file_systems) == (HoldEnd.NEVER_HELD, 0)
    assert "thaw" not in held.calls  # it would thaw what others have frozen


async def test_a_stopped_watchdog_is_replaced_at_the_second_rung(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    pid = await pid_of(claim)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await watchdog.thaw()
    assert held.frozen
    assert (await watchdog.thaw()).hold_ended_by is HoldEnd.ABORT
    assert not held.frozen
    assert ended(pid)


async def test_a_freeze_that_a_stopped_watchdog_never_read_is_never_made(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    pid = await pid_of(claim)
    os.kill(pid, signal.SIGSTOP)
    for call in (watchdog.freeze(LONG_S, LONG_S), watchdog.thaw()):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await call
    await watchdog.thaw()
    assert ended(pid)
    assert "freeze" not in held.calls


async def test_a_take_over_goes_on_when_its_rung_gives_way(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    held.let("thaw-waits")
    os.kill(await pid_of(claim), signal.SIGKILL)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await watchdog.thaw()
    held.let_no_more("thaw-waits")
    report = await watchdog.thaw()
    assert report.file_systems == 2
    assert held.calls.count("reopen") == 1


async def test_whoever_waits_for_a_thaw_that_fails_hears_of_it_and_may_ask_again(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    held.let("not-proven")
    with pytest.raises(HostError) as failed:
        await watchdog.thaw()
    assert failed.value.code == "host.still-frozen"
    with pytest.raises(HostError, match="still frozen"):
        await watchdog.end()
    assert not ended(await pid_of(claim))
    held.let_no_more("not-proven")
    assert (await watchdog.thaw()).hold_ended_by is HoldEnd.RELEASE


async def test_a_take_over_that_fails_is_tried_again(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    os.kill(await pid_of(claim), signal.SIGKILL)
    held.let("thaw-fails")
    with pytest.raises(HostError, match="thaw-fails"):
        await watchdog.thaw()
    assert await lease_of(claim) is not None
    held.let_no_more("thaw-fails")
    assert (await watchdog.thaw()).hold_ended_by is HoldEnd.ABORT


async def test_a_lost_watchdog_fails_whoever_waits_for_it(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    watchdog = await start()
    held.let("freeze-waits")
    freeze = asyncio.create_task(watchdog.freeze(LONG_S, LONG_S))
    await until(lambda: "flush" in held.calls)
    os.kill(await pid_of(claim), signal.SIGKILL)
    with pytest.raises(HostError) as lost:
        await freeze
    assert lost.value.code == "host.watchdog-lost"
    held.let_no_more("freeze-waits")


async def test_only_one_set_at_a_time_has_a_subject(
    start: Start, held: HoldFolder, claim: LeaseClaim
) -> None:
    first = await start()
    second = LeaseClaim(claim.folder, claim.subject, "another", 8, "session")
    with pytest.raises(HostError) as busy:
        await Watchdog.start(held.spec, second)
    assert busy.value.code == "host.busy"
    assert claim.set_id in busy.value.what
    assert await lease_of(claim) is not None
    await first.end()
    await (await Watchdog.start(held.spec, second)).end()


async def test_a_hold_that_cannot_be_made_leaves_nothing_behind(claim: LeaseClaim, held: HoldFolder) -> None:
    spec = type(held.spec)(held.spec.reference, {"unknown": 1})
    with pytest.raises(HostError, match="unknown"):
        await Watchdog.start(spec, claim)
    assert not list(claim.folder.glob("*"))


async def test_a_watchdog_that_does_not_come_up_is_an_error(
    claim: LeaseClaim, held: HoldFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.hosts.watchdog.spawning.MODULE", "no.such.module")
    with pytest.raises(HostError) as lost:
        await Watchdog.start(held.spec, claim)
    assert lost.value.code == "host.watchdog-lost"
    monkeypatch.setattr("orchestrator.hosts.watchdog.spawning.MODULE", "this")  # answers, but not to us
    with pytest.raises(HostError) as lost:
        await Watchdog.start(held.spec, claim)
    assert lost.value.code == "host.watchdog-lost"


async def test_a_start_that_takes_too_long_is_given_up(
    claim: LeaseClaim, held: HoldFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "START_S", 0.0)
    with pytest.raises(HostError, match="not up within"):
        await Watchdog.start(held.spec, claim)
    assert not list(claim.folder.glob("*"))


async def test_a_start_cancelled_at_any_moment_leaves_nothing_behind(
    claim: LeaseClaim, held: HoldFolder
) -> None:
    for delay_s in (0.0, 0.002, 0.02, 0.05, 0.1):
        starting = asyncio.create_task(Watchdog.start(held.spec, claim))
        await asyncio.sleep(delay_s)
        starting.cancel()
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await (await starting).end()
        assert await asyncio.to_thread(watchdogs_of, os.getpid()) == []
        assert not list(claim.folder.glob("*"))


async def test_an_end_cancelled_at_any_moment_still_ends(start: Start, claim: LeaseClaim) -> None:
    watchdog = await start()
    await watchdog.freeze(LONG_S, LONG_S)
    await watchdog.thaw()
    pid = await pid_of(claim)
    ending = asyncio.create_task(watchdog.end())
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    await until(lambda: ended(pid) and not claim.path.exists())


async def test_after_its_end_nothing_is_frozen_any_more(start: Start, held: HoldFolder) -> None:
    watchdog = await start()
    await watchdog.end()
    with pytest.raises(HostError, match="ended"):
        await watchdog.freeze(LONG_S, LONG_S)
    assert (await watchdog.thaw()).hold_ended_by is HoldEnd.NEVER_HELD
    assert "thaw" not in held.calls
