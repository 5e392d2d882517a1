import asyncio
import gc

import pytest

from orchestrator.engine.freeze_window import FreezeWindow
from orchestrator.engine.result import RunResult
from orchestrator.engine.warmth import Warmth
from orchestrator.errors import ArrayError, WindowExpired
from orchestrator.journal.entries import EntryKind
from orchestrator.model.grades import RunStatus
from orchestrator.plugin import SetPlan
from orchestrator.shadowcopy import ShadowCopyMachine, State
from tests.orchestrator.engine.fake_array import Behaviour, CommitFault
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.engine.scene import Scene, a_job

pytestmark = pytest.mark.virtual_time

HARMLESS_COMMITS = {CommitFault.NONE}
HARMLESS_HOSTS = {
    HostFault.NONE,
    HostFault.FREEZE_SLOW,
    HostFault.THAW_LOST_ONCE,
    HostFault.THAW_HANGS_ONCE,  # one rung of the ladder still fits the hold budget
    HostFault.THAW_RAISES_ONCE,
    HostFault.COMPLETE_LOST,
    HostFault.COMPLETE_HANGS,
}
EXPECTED_CODE = {
    HostFault.OPEN_FAILS: "host.rejected",
    HostFault.FREEZE_FAILS: "host.writer-failed",
    HostFault.FREEZE_LOST: "host.gone",
    HostFault.FREEZE_HANGS: "window.expired",
    HostFault.WRITER_NOT_FROZEN: "proof.writer-not-frozen",
    HostFault.HOLD_ENDS_EARLY: "proof.hold-not-ours",
    HostFault.GONE_WHILE_FROZEN: "window.thaw-unconfirmed",
    HostFault.SET_NOT_FINISHED: "proof.set-not-finished",
    HostFault.WRITER_GONE: "proof.writer-lost",
    HostFault.WRITER_RESTARTED: "proof.writer-lost",
    HostFault.WRITER_FAILED: "proof.writer-lost",
    HostFault.COMPONENT_FAILED: "proof.writer-lost",
    HostFault.SESSION_RESTARTED: "proof.writer-lost",
    HostFault.STATUS_FAILS: "host.gone",
    HostFault.STATUS_HANGS: "host.gone",
    HostFault.MAP_HANGS: "host.gone",
    HostFault.MAP_CHANGED: "proof.map-changed",
    HostFault.HOST_PAUSED: "proof.window-over-budget",
}


def nothing_is_left(scene: Scene, result: RunResult) -> None:
    assert not scene.host.frozen
    assert not scene.host.state.session_open
    assert scene.foreign_is_untouched()
    assert scene.clock.now() < 200  # every wait has a deadline (R8)
    if result.status is RunStatus.COMPLETED:
        assert len(scene.recorder.proofs) == 1
    else:
        assert all("abort" in array.store.calls for array in scene.arrays)
        assert scene.left_behind() == set()
        assert scene.recorder.proofs == []
        assert not scene.host.state.told_success


async def test_a_sound_run_is_proven_told_and_cloned() -> None:
    scene = Scene(a_job(clone=True))
    result = await scene.run.perform()
    assert result.status is RunStatus.COMPLETED
    assert result.grade == "writer-verified"
    assert scene.host.state.told_success
    assert len(result.clones) == 4
    assert [entry.kind for entry in scene.journal.entries] == [
        EntryKind.BEGUN,
        EntryKind.OPENING,
        EntryKind.CLOSED,
        EntryKind.SIGNING,
        EntryKind.PROVEN,
        EntryKind.TELLING,
        EntryKind.TOLD,
        EntryKind.CLONING,
        EntryKind.CLONED,
        EntryKind.ENDED,
    ]


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("fault", [fault for fault in CommitFault if fault not in HARMLESS_COMMITS])
async def test_one_failing_cut_undoes_both(fault: CommitFault, position: int) -> None:
    scene = Scene()
    scene.arrays[position].behaviour = Behaviour(commit=fault)
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    await asyncio.sleep(60)  # whatever was still to come has come
    nothing_is_left(scene, result)


@pytest.mark.parametrize("fault", [fault for fault in HostFault if fault not in HARMLESS_HOSTS])
async def test_a_host_that_fails_undoes_everything(fault: HostFault) -> None:
    scene = Scene()
    scene.host.fault = fault
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    assert result.error is not None
    assert result.error.code == EXPECTED_CODE[fault]
    nothing_is_left(scene, result)


@pytest.mark.parametrize("fault", sorted(HARMLESS_HOSTS))
async def test_a_host_that_only_stumbles_does_not_cost_the_set(fault: HostFault) -> None:
    scene = Scene()
    scene.host.fault = fault
    result = await scene.run.perform()
    assert result.status is RunStatus.COMPLETED
    nothing_is_left(scene, result)


async def test_writers_whose_answer_is_lost_keep_the_set_and_it_says_so() -> None:
    scene = Scene()
    scene.host.fault = HostFault.COMPLETE_LOST
    result = await scene.run.perform()
    assert result.status is RunStatus.COMPLETED
    assert scene.recorder.answers == [False]
    assert "not known" in result.note


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("method", ["arm", "confirm"])
async def test_an_array_that_fails_outside_the_window_undoes_everything(method: str, position: int) -> None:
    scene = Scene()
    scene.arrays[position].behaviour = Behaviour(failing=frozenset({method}))
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    assert result.error is not None
    assert result.error.code == "array.unreachable"
    nothing_is_left(scene, result)


async def test_a_host_that_does_not_answer_the_survey_ends_the_run_untouched() -> None:
    scene = Scene()
    scene.host.latency_s = 10_000.0
    with pytest.raises(WindowExpired) as caught:
        await scene.run.perform()
    assert caught.value.code == "window.prepare-expired"
    assert scene.host.calls == ["survey"]
    assert scene.left_behind() == set()


@pytest.mark.parametrize("position", [0, 1])
async def test_an_array_that_cannot_be_surveyed_ends_the_run_untouched(
    position: int,
) -> None:
    scene = Scene()
    scene.arrays[position].behaviour = Behaviour(failing=frozenset({"locate"}))
    with pytest.raises(ArrayError, match="locate failed"):
        await scene.run.perform()
    assert scene.journal.entries == []
    assert "open" not in scene.host.calls


async def test_a_freeze_whose_time_to_prepare_is_over_is_never_asked_for() -> None:
    scene = Scene()
    machine = ShadowCopyMachine(state=State.ARMED, deadline=0.0)
    host_set = await scene.host.open(SetPlan("set", 1, 0, 5, (), (), (), machine.budgets))
    warmth = Warmth((), scene.clock)
    record = await FreezeWindow(machine, host_set, [], scene.clock).run(warmth)
    assert record.error is not None
    assert record.error.code == "window.expired"
    assert machine.state is State.ABORTED
    assert "freeze" not in scene.host.calls


async def test_a_late_answer_is_a_failure_and_its_cut_is_removed() -> None:
    scene = Scene()
    scene.arrays[1].behaviour = Behaviour(commit=CommitFault.LATE, late_s=7.0)
    result = await scene.run.perform()
    assert result.error is not None
    assert result.error.code == "window.expired"
    assert "databases" in str(result.error)
    assert result.facts is not None
    assert result.facts.release_sent is not None
    assert result.facts.release_sent.monotonic_s - result.facts.freeze_asked.monotonic_s < 5.1
    nothing_is_left(scene, result)


async def test_an_effect_seconds_after_a_lost_answer_cannot_happen_any_more() -> None:
    scene = Scene()
    scene.arrays[0].behaviour = Behaviour(commit=CommitFault.LOST_LATE_EFFECT, late_s=12.0)
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    assert scene.clock.now() > 20  # it was in doubt until the request's life had passed
    await asyncio.sleep(60)
    nothing_is_left(scene, result)


async def test_a_lost_answer_to_arming_is_settled_as_well() -> None:
    scene = Scene()
    scene.arrays[0].behaviour = Behaviour(arming_lost_for_s=12.0)
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    await asyncio.sleep(60)
    nothing_is_left(scene, result)


async def test_what_an_array_will_not_let_go_of_is_void_pending() -> None:
    scene = Scene()
    scene.host.fault = HostFault.WRITER_GONE
    scene.arrays[0].behaviour = Behaviour(refuses_to_delete=True)
    result = await scene.run.perform()
    assert result.status is RunStatus.ABORTED
    assert {remains.array_name for remains in result.undone.void_pending} == {"logs"}


async def test_an_array_that_cannot_be_asked_leaves_the_run_in_doubt() -> None:
    scene = Scene()
    scene.host.fault = HostFault.WRITER_GONE
    scene.arrays[0].behaviour = Behaviour(failing=frozenset({"owned"}))
    result = await scene.run.perform()
    assert result.status is RunStatus.IN_DOUBT
    assert scene.journal.entries[-1].kind is EntryKind.IN_DOUBT
    assert scene.recorder.proofs == []


@pytest.mark.parametrize("after_s", [0.001, 0.02, 0.035, 0.045, 0.055, 0.065, 0.075, 0.085, 0.1])
@pytest.mark.parametrize("times", [1, 2, 5])
async def test_a_cancelled_run_thaws_undoes_and_then_is_cancelled(after_s: float, times: int) -> None:
    scene = Scene()
    task = asyncio.create_task(scene.run.perform())
    for _ in range(times):
        await asyncio.sleep(after_s)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    if scene.run.result is not None:
        nothing_is_left(scene, scene.run.result)
    assert not scene.host.frozen
    assert not scene.host.state.session_open


async def test_a_second_cancellation_during_the_thaw_does_not_stop_it() -> None:
    scene = Scene()
    scene.arrays[0].behaviour = Behaviour(commit=CommitFault.HANGS)
    scene.host.fault = HostFault.THAW_HANGS_ONCE
    task = asyncio.create_task(scene.run.perform())
    await scene.host.is_frozen.wait()
    task.cancel()
    await asyncio.sleep(1)  # the first rung of the thaw hangs
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert scene.run.result is not None
    assert scene.run.result.status is RunStatus.ABORTED
    assert scene.run.result.facts is not None
    assert scene.run.result.facts.release is not None  # the thaw's own result was kept
    nothing_is_left(scene, scene.run.result)


async def test_a_paused_orchestrator_is_found_out_by_its_two_clocks() -> None:
    scene = Scene()
    scene.arrays[0].behaviour = Behaviour(latency_s=0.5)
    task = asyncio.create_task(scene.run.perform())
    await scene.host.is_frozen.wait()
    scene.clock.pause(30)
    result = await task
    assert result.error is not None
    assert result.error.code in ("proof.clocks-disagree", "proof.window-over-budget")
    nothing_is_left(scene, result)


async def test_a_connection_that_was_not_proven_lately_refuses_the_freeze() -> None:
    scene = Scene()
    slow_disk = scene.journal.record

    async def record(kind: EntryKind, data: object = None) -> None:
        if kind is EntryKind.OPENING:
            for array in scene.arrays:
                array.behaviour.failing = frozenset({"clock"})
            await asyncio.sleep(6)
        await slow_disk(kind)

    scene.journal.record = record  # type: ignore[method-assign] # a journal on a stuck disk
    result = await scene.run.perform()
    assert result.error is not None
    assert result.error.code == "policy.connection-not-proven"
    assert "freeze" not in scene.host.calls
    nothing_is_left(scene, result)


async def test_a_break_off_is_refused_before_any_array_is_called() -> None:
    scene = Scene(a_job(freeze=False))
    result = await scene.run.perform()
    assert result.status is RunStatus.REFUSED
    assert [reason.code for reason in result.reasons] == ["policy.break-off-refused"]
    assert all(array.store.calls == [] for array in scene.arrays)
    assert scene.host.calls == []


async def test_a_failed_cut_that_nobody_asks_about_is_not_complained_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene()
    for array in scene.arrays:
        array.behaviour = Behaviour(commit=CommitFault.REJECTED, failing=frozenset({"owned"}))
    assert (await scene.run.perform()).status is RunStatus.IN_DOUBT
    del scene, array
    gc.collect()
    assert "never retrieved" not in caplog.text
