"""What can go wrong with the one request inside the window, and what is left afterwards: nothing."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.errors import ArrayAnswerLost, ArrayBusy, ArrayError, ArrayRejected, Refused
from orchestrator.model.arrays import ArmedCut
from tests.providers.pure_flasharray.desk import CUT, NAMES, Desk
from tests.providers.pure_flasharray.emulator.rest_caller import RestCaller

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        ("busy", ArrayBusy, "array.busy"),
        ("server-is-busy", ArrayBusy, "array.busy"),
        ("full", ArrayRejected, "array.full"),
        ("forbidden", ArrayRejected, "array.not-permitted"),
        ("session-expired", ArrayRejected, "array.login-failed"),
        ("lost-answer-before-effect", ArrayAnswerLost, "array.answer-lost"),
        ("lost-answer-after-effect", ArrayAnswerLost, "array.answer-lost"),
        ("gateway-timeout", ArrayAnswerLost, "array.answer-lost"),
        ("gateway-timeout-after-effect", ArrayAnswerLost, "array.answer-lost"),
        ("error-before-effect", ArrayAnswerLost, "array.answer-lost"),
        ("error-after-effect", ArrayAnswerLost, "array.answer-lost"),
    ],
)
async def test_nothing_is_repeated_in_the_window_and_nothing_is_left_after_the_abort(
    desk: Desk, fault: str, error: type[ArrayError], code: str
) -> None:
    armed = await desk.arm()
    desk.fault(fault)
    log_ins = desk.count("POST login")
    with pytest.raises(error) as caught:
        await desk.commit(armed)
    assert caught.value.code == code
    assert desk.count(CUT) == 1
    assert desk.count("POST login") == log_ins
    await desk.provider.abort(armed)
    assert await desk.left() == {}


async def test_the_arrays_advice_to_come_back_later_is_carried(desk: Desk) -> None:
    armed = await desk.arm()
    desk.fault("busy")
    with pytest.raises(ArrayBusy) as caught:
        await desk.commit(armed)
    assert caught.value.retry_after_s == 1


async def test_aborts_after_lost_answer_so_that_a_late_effect_cannot_succeed(desk: Desk) -> None:
    armed = await desk.arm()
    desk.fault("lost-answer-late-effect", delay_s=0.05)
    with pytest.raises(ArrayAnswerLost):
        await desk.commit(armed)
    await desk.provider.abort(armed)
    await asyncio.sleep(0.1)
    assert await desk.left() == {}


async def test_a_late_effect_before_the_abort_is_removed_by_it(desk: Desk) -> None:
    armed = await desk.arm()
    desk.fault("lost-answer-late-effect", delay_s=0.01)
    with pytest.raises(ArrayAnswerLost):
        await desk.commit(armed)
    await asyncio.sleep(0.05)
    assert f"{NAMES.stem}.cut" in await desk.left()
    await desk.provider.abort(armed)
    assert await desk.left() == {}


async def test_an_answer_that_the_engine_no_longer_waits_for_is_cancelled_and_undone(desk: Desk) -> None:
    armed = await desk.arm()
    desk.fault("late-answer", delay_s=0.05)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await desk.commit(armed)
    await asyncio.sleep(0.08)
    await desk.provider.abort(armed)
    assert await desk.left() == {}
    assert desk.count(CUT) == 1


async def test_a_cut_that_is_answered_under_another_name_is_not_taken_for_ours(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = await desk.arm()
    monkeypatch.setattr("providers.pure_flasharray.mapping.cut_name", lambda _: "another.cut")
    with pytest.raises(ArrayError) as caught:
        await desk.commit(armed)
    assert caught.value.code == "array.bad-answer"


async def test_name_taken_is_a_failure_in_the_window(desk: Desk, admin: RestCaller) -> None:
    armed = await desk.arm()
    await admin.post("protection-group-snapshots", {"suffix": "cut"}, source_names=NAMES.stem)
    with pytest.raises(ArrayRejected) as caught:
        await desk.commit(armed)
    assert caught.value.code == "array.name-taken"


@pytest.mark.parametrize("destroyed", [False, True])
async def test_a_name_that_is_taken_already_is_found_when_arming(
    desk: Desk, admin: RestCaller, destroyed: bool
) -> None:
    await desk.arm()
    await admin.post("protection-group-snapshots", {"suffix": "cut"}, source_names=NAMES.stem)
    if destroyed:
        await admin.patch("protection-group-snapshots", {"destroyed": True}, names=f"{NAMES.stem}.cut")
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.name-taken"


async def test_the_name_of_an_attempt_that_was_given_up_is_not_used_again(
    desk: Desk, admin: RestCaller
) -> None:
    await desk.arm()
    await admin.patch("protection-groups", {"destroyed": True}, names=NAMES.stem)
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.name-taken"


@pytest.mark.parametrize("fault", ["half-cut", "unequal-created"])
async def test_partial_cut_is_detected_after_the_thaw(desk: Desk, fault: str) -> None:
    armed = await desk.arm()
    desk.fault(fault)
    answer = await desk.commit(armed)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.partial-cut"
    await desk.provider.abort(armed)
    assert await desk.left() == {}


async def test_a_cut_whose_replicas_were_destroyed_since_is_not_confirmed(
    desk: Desk, admin: RestCaller
) -> None:
    armed = await desk.arm()
    answer = await desk.commit(armed)
    await admin.patch("protection-group-snapshots", {"destroyed": True}, names=answer.cut_name)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.partial-cut"


async def test_members_changed_by_addition_between_arm_and_commit(desk: Desk, admin: RestCaller) -> None:
    armed = await desk.arm()
    await admin.post("protection-groups/volumes", group_names=NAMES.stem, member_names="bystander")
    answer = await desk.commit(armed)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"


async def test_members_changed_by_removal_between_arm_and_commit(desk: Desk, admin: RestCaller) -> None:
    armed = await desk.arm()
    await admin.delete("protection-groups/volumes", group_names=NAMES.stem, member_names="exch-log")
    answer = await desk.commit(armed)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"


async def test_members_changed_only_while_the_cut_was_made_are_seen_in_the_cut(
    desk: Desk, admin: RestCaller
) -> None:
    armed = await desk.arm()
    membership = {"group_names": NAMES.stem, "member_names": "bystander"}
    await admin.post("protection-groups/volumes", **membership)
    answer = await desk.commit(armed)
    await admin.delete("protection-groups/volumes", **membership)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"


async def test_somebody_elses_member_is_found_when_arming(desk: Desk, admin: RestCaller) -> None:
    await desk.arm()
    await admin.post("protection-groups/volumes", group_names=NAMES.stem, member_names="bystander")
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.members-changed"


@pytest.mark.parametrize("call", ["GET arrays", "POST protection-group-snapshots/test"])
async def test_a_full_array_is_found_before_the_freeze(desk: Desk, call: str) -> None:
    desk.fault("full", call)
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.full"
    assert desk.count(CUT) == 0
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert await desk.left() == {}


@pytest.mark.parametrize("call", ["POST protection-groups", "POST protection-groups/volumes"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("lost-answer-before-effect", ArrayAnswerLost),
        ("lost-answer-after-effect", ArrayAnswerLost),
        ("gateway-timeout-after-effect", ArrayAnswerLost),
        ("error-after-effect", ArrayAnswerLost),
        ("busy", ArrayBusy),
        ("forbidden", ArrayRejected),
    ],
)
async def test_a_fault_while_arming_is_told_and_not_repeated_and_undone_by_the_names_alone(
    desk: Desk, call: str, fault: str, error: type[ArrayError]
) -> None:
    desk.fault(fault, call)
    with pytest.raises(error):
        await desk.arm()
    assert desk.count(call) == 1
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert await desk.left() == {}


@pytest.mark.parametrize(
    "call", ["GET protection-groups", "PATCH protection-groups", "DELETE protection-groups"]
)
@pytest.mark.parametrize("fault", ["lost-answer-after-effect", "lost-answer-before-effect", "server-is-busy"])
async def test_an_abort_that_is_disturbed_is_completed_by_another(desk: Desk, call: str, fault: str) -> None:
    armed, _ = await desk.cut()
    desk.fault(fault, call, position=0)
    with pytest.raises(ArrayError):
        await desk.provider.abort(armed)
    desk.emulator.front.faults.clear()
    await desk.provider.abort(armed)
    assert await desk.left() == {}


async def test_a_session_that_expired_before_the_window_is_renewed(desk: Desk) -> None:
    desk.fault("session-expired", "GET arrays")
    log_ins = desk.count("POST login")
    await desk.provider.clock()
    assert desk.count("POST login") == log_ins + 1
    await desk.cut()


async def test_keeps_connection_warm_with_clock_readings(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    armed = await desk.arm()
    for _ in range(4):
        await desk.provider.clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", None)  # none is opened any more
    await desk.commit(armed)
    assert desk.count(CUT) == 1


async def test_no_cut_is_sent_once_the_connections_are_closed(desk: Desk) -> None:
    armed = await desk.arm()
    await desk.provider.close()
    with pytest.raises(ArrayError) as caught:
        await desk.commit(armed)
    assert caught.value.code == "array.unreachable"
    assert desk.count(CUT) == 0


async def test_a_token_that_was_spent_is_spent_even_if_the_cut_failed(desk: Desk) -> None:
    armed = await desk.arm()
    desk.fault("busy")
    with pytest.raises(ArrayBusy):
        await desk.commit(armed)
    with pytest.raises(Refused):
        await desk.commit(armed)
    assert desk.count(CUT) == 1
