from __future__ import annotations

import asyncio
import json
import logging
import socket
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator.errors import (
    ArrayAnswerLost,
    ArrayError,
    ArrayRejected,
    CutNotAuthorised,
    OrchestratorError,
    Refused,
)
from orchestrator.model.arrays import ArmedCut, CutAnswer
from orchestrator.model.budgets import DEFAULT_BUDGETS
from providers.qemu_block.client import COPYING, Monitor, Patience
from providers.qemu_block.jobs import run_job
from tests.providers.qemu_block.daemon import TestDaemon
from tests.providers.qemu_block.desk import NAMES, Desk, connected, named
from tests.providers.shared.rest_server import TestToken

pytestmark = pytest.mark.real

STEM: Final = NAMES.stem
SHORT_S: Final = 0.3


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every wait outside a window end soon."""
    patience = Patience(connect_s=SHORT_S, ask_s=SHORT_S, change_s=SHORT_S, stall_s=SHORT_S)
    monkeypatch.setattr("providers.qemu_block.client.Patience", lambda: patience)


def uncut(served: TestDaemon) -> bool:
    """Whether every LUN still is what it was at first."""
    return [served.chain(lun) for lun in served.ids] == [[f"{lun}.raw"] for lun in served.ids]


# -------------------------------------------------------------------- permission


async def test_refuses_a_cut_without_a_live_token(desk: Desk, sent: list[str]) -> None:
    armed = await desk.arm()
    sent.clear()
    spent = desk.token
    spent.spend(desk.array_id)
    for token in (spent, TestToken(["another array"]), None):
        with pytest.raises(CutNotAuthorised):
            await desk.provider.commit(armed, token)  # type: ignore[arg-type] # no token at all
    assert sent == []
    assert uncut(desk.served)


@pytest.mark.parametrize("command", sorted(COPYING))
async def test_nothing_that_copies_leaves_but_as_a_cut(
    served: TestDaemon, sent: list[str], command: str
) -> None:
    monitor = Monitor(str(served.socket), "shelf")
    await monitor.open()
    try:
        for way in (monitor.ask, monitor.change):
            with pytest.raises(CutNotAuthorised):
                await way(command, {"actions": []})
    finally:
        await monitor.close()
    assert sent == []


# -------------------------------------------------------------------- all or nothing


async def test_one_member_that_cannot_be_cut_spoils_all(desk: Desk) -> None:
    armed = await desk.arm()
    desk.served.ask("blockdev-del", {"node-name": f"{STEM}.02"})
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.commit(armed, desk.token)
    assert caught.value.code == "array.members-changed"
    assert caught.value.vendor_code == "GenericError"
    assert uncut(desk.served)


async def test_name_taken_is_a_failure_in_the_window(desk: Desk) -> None:
    armed = await desk.arm()
    await desk.provider.commit(armed, desk.token)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.commit(armed, desk.token)
    assert caught.value.code == "array.name-taken"


async def test_members_changed_between_arming_and_the_cut(desk: Desk) -> None:
    armed = await desk.arm()
    foreign_cut(desk.served, "lun0-base")
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.commit(armed, desk.token)
    assert caught.value.code == "array.members-changed"
    assert desk.served.chain("lun1") == ["lun1.raw"]


async def test_members_changed_after_the_cut(desk: Desk) -> None:
    armed = await desk.arm()
    answer = await desk.provider.commit(armed, desk.token)
    foreign_cut(desk.served, f"{STEM}.01", desk.served.folder / f"{STEM}.01.lun0.qcow2", "qcow2")
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"


async def test_members_changed_by_one_that_was_never_planned(desk: Desk) -> None:
    armed = await desk.arm(volumes=desk.volumes[:1])
    answer = await desk.provider.commit(armed, desk.token)
    foreign_cut(desk.served, "lun1-base", desk.served.home / "lun1.raw", node=f"{STEM}.02")
    with pytest.raises(ArrayRejected, match="never planned") as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"


async def test_partial_cut_is_detected(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Monitor.cut

    async def one_less(self: Monitor, overlays: Any, **rest: Any) -> None:
        await cut(self, overlays[:-1], **rest)

    monkeypatch.setattr(Monitor, "cut", one_less)
    armed = await desk.arm()
    answer = await desk.provider.commit(armed, desk.token)
    with pytest.raises(ArrayRejected, match="lun1 was not cut") as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.partial-cut"


async def test_a_cut_that_nobody_answered_is_not_confirmed(desk: Desk) -> None:
    armed = await desk.arm()
    with pytest.raises(ArrayError) as caught:
        await desk.provider.confirm(armed, CutAnswer(f"{STEM}.cut", f"{STEM}.cut"))
    assert caught.value.code == "array.bad-answer"
    await desk.provider.commit(armed, desk.token)
    with pytest.raises(ArrayError):
        await desk.provider.confirm(armed, CutAnswer("other.cut", "other.cut"))


# -------------------------------------------------------------------- answers that do not come


async def test_keeps_connection_warm_or_refuses(
    desk: Desk, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = await desk.arm()
    monkeypatch.setattr(desk.provider._daemon.monitor, "_proven_at", asyncio.get_running_loop().time() - 6)
    sent.clear()
    with pytest.raises(Refused) as caught:
        await desk.provider.commit(armed, desk.token)
    assert (caught.value.code, sent) == ("policy.connection-not-proven", [])
    assert DEFAULT_BUDGETS.warm_s < 6
    await desk.provider.clock()
    await desk.provider.commit(armed, desk.token)


async def test_a_closed_connection_is_not_opened_for_a_cut(desk: Desk, sent: list[str]) -> None:
    armed = await desk.arm()
    await desk.provider.close()
    sent.clear()
    with pytest.raises(Refused):
        await desk.provider.commit(armed, desk.token)
    assert sent == []


async def test_a_connection_that_the_daemon_ended_is_not_opened_for_a_cut(
    desk: Desk, sent: list[str]
) -> None:
    armed = await desk.arm()
    desk.served.kill()
    await asyncio.sleep(0.05)
    sent.clear()
    with pytest.raises(Refused) as caught:
        await desk.provider.commit(armed, desk.token)
    assert (caught.value.code, sent) == ("policy.connection-not-proven", [])


async def test_nothing_is_repeated_in_the_window(desk: Desk, sent: list[str]) -> None:
    armed = await desk.arm()
    sent.clear()
    with desk.served.paused():
        cut = asyncio.create_task(desk.provider.commit(armed, desk.token))
        await asyncio.sleep(0.05)
        desk.served.kill()
        with pytest.raises(ArrayAnswerLost):
            await cut
        assert sent == ["transaction"]
        desk.served.unmount()
        desk.served.start()
    assert uncut(desk.served) or len(desk.served.chain("lun0")) == 2


async def test_aborts_after_lost_answer(desk: Desk) -> None:
    desk.served.write("lun0", "before")
    before = desk.served.digest("lun0")
    armed = await desk.arm()
    with desk.served.paused():
        cut = asyncio.create_task(desk.provider.commit(armed, desk.token))
        await asyncio.sleep(0.05)
        desk.served.kill()
        with pytest.raises(ArrayAnswerLost):
            await cut
        desk.served.unmount()
        desk.served.start()
    await desk.provider.abort(ArmedCut(NAMES, ()))
    await desk.delete_all(NAMES)
    assert set((await desk.left()).values()) <= {"void-pending"}
    assert desk.served.digest("lun0") == before


async def test_a_cut_cancelled_by_its_deadline_is_undone_although_it_takes_effect(desk: Desk) -> None:
    armed = await desk.arm()
    with desk.served.paused():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await desk.provider.commit(armed, desk.token)
        undoing = asyncio.create_task(desk.provider.abort(ArmedCut(NAMES, ())))
        await asyncio.sleep(0.05)
    await undoing
    assert await desk.left() == {f"{STEM}.cut": "void-pending"}
    with pytest.raises(ArrayError):
        await desk.provider.confirm(armed, CutAnswer(f"{STEM}.cut", f"{STEM}.cut"))


async def test_request_life_is_measured(served: TestDaemon) -> None:
    """Whatever is answered on a new connection shows what became of a request on the one before."""
    for run in range(5):
        async with connected(served) as provider:
            desk = await Desk.plan(served, provider)
            armed = await desk.arm(named(run))
        actions = [
            {
                "type": "blockdev-snapshot",
                "data": {"node": armed.handle[lun].split()[0], "overlay": f"{armed.names.stem}.0{number}"},
            }
            for number, lun in enumerate(served.ids, 1)
        ]
        send_and_hang_up(served, {"execute": "transaction", "arguments": {"actions": actions}})
        async with connected(served) as provider:
            first = {lun: served.chain(lun) for lun in served.ids}
            await asyncio.sleep(0.05)
            assert {lun: served.chain(lun) for lun in served.ids} == first
            await provider.abort(ArmedCut(named(run), ()))


async def test_calls_end_although_the_daemon_hangs(impatient: None, served: TestDaemon) -> None:
    async with connected(served) as provider:
        desk = await Desk.plan(served, provider)
        armed = await desk.arm()
        calls = (
            provider.clock,
            provider.identify,
            provider.missing_rights,
            lambda: provider.owned(STEM),
            lambda: provider.locate(["file.0:1-1"]),
            lambda: provider.abort(armed),
            lambda: provider.arm(desk.volumes, NAMES),
        )
        with served.paused():
            for call in calls:
                async with asyncio.timeout(10 * SHORT_S):
                    with pytest.raises(ArrayError) as caught:
                        await call()
                assert caught.value.code == "array.unreachable"
            with pytest.raises(ArrayAnswerLost):
                await provider._daemon.monitor.change("blockdev-del", {"node-name": "none"})
        await provider.abort(armed)
        assert await desk.left() == {}


async def test_a_daemon_that_was_killed_is_out_of_reach(impatient: None, served: TestDaemon) -> None:
    async with connected(served) as provider:
        served.kill()
        for call in (provider.clock, lambda: provider.abort(ArmedCut(NAMES, ()))):
            with pytest.raises(ArrayError) as caught:
                await call()
            assert caught.value.code == "array.unreachable"
        served.restart()
        assert await provider.owned("qsc-") == []


async def test_a_slow_cut_makes_a_coarser_claim(desk: Desk) -> None:
    armed = await desk.arm()
    claimed = desk.provider.capabilities.clock_precision_s
    with desk.served.paused():
        cut = asyncio.create_task(desk.provider.commit(armed, desk.token))
        await asyncio.sleep(3 * claimed)
    await cut
    assert claimed < desk.provider.capabilities.clock_precision_s < 100 * claimed
    assert type(desk.provider).capabilities.clock_precision_s == claimed


async def test_nothing_is_logged_or_printed(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    armed = await desk.arm()
    with desk.served.paused():
        cut = asyncio.create_task(desk.provider.commit(armed, desk.token))
        await asyncio.sleep(0.05)
        cut.cancel()
    await desk.provider.clock()
    desk.served.kill()
    with pytest.raises(OrchestratorError):
        await desk.provider.clock()
    await desk.provider.close()
    assert [record for record in caplog.records if record.name.startswith(("qemu", "asyncio"))] == []
    assert capfd.readouterr().err == ""


async def test_a_job_without_progress_is_given_up(
    impatient: None, served: TestDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(served) as provider:
        await (await Desk.plan(served, provider)).arm()
        stuck = {"id": f"{STEM}.01.merge", "status": "running", "current-progress": 1}
        answers: list[Any] = [[stuck], [{"id": 1}], "none"]
        codes = []

        ask = Monitor.ask

        async def answer(self: Monitor, command: str, arguments: Any = None) -> Any:
            return answers[0] if command == "query-jobs" else await ask(self, command, arguments)

        monkeypatch.setattr(Monitor, "ask", answer)
        while answers:
            with pytest.raises(ArrayError) as caught:
                await provider.abort(ArmedCut(NAMES, ()))
            codes.append(caught.value.code)
            del answers[0]
    assert codes == ["array.unreachable", "array.bad-answer", "array.bad-answer"]


async def test_a_job_that_fails_says_why(desk: Desk) -> None:
    with pytest.raises(ArrayRejected):
        await run_job(desk.provider._daemon.monitor, "blockdev-create", "job", BAD_IMAGE)
    assert desk.served.ask("query-jobs") == []


BAD_IMAGE: Final = {"options": {"driver": "file", "filename": "/proc/none/image", "size": 0}}


def foreign_cut(
    served: TestDaemon, below: str, file: Path | None = None, kind: str = "raw", node: str = "foreign"
) -> None:
    """Let an admin put an overlay of his own on top."""
    served.image("foreign.qcow2", file or served.home / "lun0.raw", kind)
    path = {"driver": "file", "filename": str(served.home / "foreign.qcow2")}
    served.ask("blockdev-add", {"driver": "qcow2", "node-name": node, "file": path, "backing": None})
    served.ask("blockdev-snapshot", {"node": below, "overlay": node})


def send_and_hang_up(served: TestDaemon, command: dict[str, Any]) -> None:
    """Send a command on the provider's monitor to a daemon that reads it only when we have gone."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(served.socket))
        with connection.makefile("rwb") as stream:
            stream.readline()
            stream.write(b'{"execute": "qmp_capabilities"}\n')
            stream.flush()
            stream.readline()
            with served.paused():
                stream.write(json.dumps(command).encode() + b"\n")
                stream.flush()
