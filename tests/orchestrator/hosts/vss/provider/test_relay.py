"""The relay: who may hold, for how long, and what ends it. No pipe, no Windows; the clock is the test's."""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.hosts.vss.provider import awaited_set
from orchestrator.hosts.vss.provider.pipe_protocol import S_OK, VETO, Ended, HoldEnding, Method
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.model.time import Reading
from tests.orchestrator.hosts.vss.provider import pipe_calls as calls

LONG_S = 5.0  # nobody waits so long; whoever would, fails
BEFORE_HOLD = (Method.END_PREPARE, Method.PRE_COMMIT)


class Rig:
    """A relay, and VSS on one connection."""

    def __init__(self, **settings: Any) -> None:
        self.now_ms = 1_000_000
        self.connection = object()
        self.relay = Relay(clock=self.read, ticks=lambda: self.now_ms, **settings)

    def read(self) -> Reading:
        self.now_ms += 1
        return Reading(datetime.fromtimestamp(self.now_ms / 1000, UTC), self.now_ms / 1000)

    def ask(
        self, method: Method, payload: bytes = b"", *, set_id: Any = calls.SET, connection: object = None
    ) -> bytes:
        return self.relay.answer(calls.request(method, payload, set_id), connection or self.connection)

    def code(self, method: Method, payload: bytes = b"", **where: Any) -> int:
        return calls.code(self.ask(method, payload, **where))

    def expected(self, *passed: Method) -> Rig:
        self.relay.announce(calls.SET)
        assert self.code(Method.BEGIN_VOLUME, calls.begun_volume()) == S_OK
        self.relay.expect(calls.SET, 10.0)
        for method in passed:
            assert self.code(method) == S_OK
        return self


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def threads() -> Any:
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def held(rig: Rig, threads: ThreadPoolExecutor) -> tuple[Rig, Future[int]]:
    rig.expected(*BEFORE_HOLD)
    hold = threads.submit(rig.code, Method.COMMIT)
    assert rig.relay.wait_entered(LONG_S) is not None
    return rig, hold


def test_a_hold_lasts_from_commit_to_release(held: tuple[Rig, Future[int]]) -> None:
    rig, hold = held
    entered = rig.relay.wait_entered(0)
    assert entered is not None
    assert entered.frozen_at.monotonic_s < entered.held_at.monotonic_s
    assert not hold.done()
    assert rig.relay.release()
    assert hold.result(LONG_S) == S_OK
    assert rig.code(Method.POST_COMMIT, calls.ending(1, 250_000, copies=2)) == S_OK
    assert rig.code(Method.PRE_FINAL_COMMIT) == rig.code(Method.POST_FINAL_COMMIT) == S_OK
    assert rig.relay.wait_ended(LONG_S) == HoldEnding(Ended.RELEASED, 0.25)
    assert rig.relay.host_volumes == (calls.HOST_VOLUME,)
    assert [passed.method for passed in rig.relay.history] == [
        Method.BEGIN_VOLUME,
        *BEFORE_HOLD,
        Method.COMMIT,
        Method.POST_COMMIT,
        Method.PRE_FINAL_COMMIT,
        Method.POST_FINAL_COMMIT,
    ]


def abort(rig: Rig) -> None:
    assert rig.code(Method.ABORT, calls.ending(6, 3), connection=object()) == S_OK


@pytest.mark.parametrize(
    "end",
    [
        lambda rig: rig.relay.veto(),
        lambda rig: rig.relay.announce(calls.OTHER_SET),
        lambda rig: rig.relay.connection_lost(rig.connection),
        abort,
    ],
    ids=["veto", "another set", "connection lost", "abort on another connection"],
)
def test_a_hold_ends_as_a_failure(held: tuple[Rig, Future[int]], end: Callable[[Rig], None]) -> None:
    rig, hold = held
    end(rig)
    assert hold.result(LONG_S) == VETO
    assert not rig.relay.release()
    assert rig.relay.wait_entered(0) is None


def test_a_hold_that_nobody_ends_is_ended_after_the_providers_dead_man(
    rig: Rig, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaited_set, "GRACE_S", 0.01)
    rig.expected(*BEFORE_HOLD)
    rig.relay.expect(calls.SET, 0.02)
    assert rig.code(Method.COMMIT) == VETO


def test_the_dead_man_travels_with_end_prepare(rig: Rig) -> None:
    rig.relay.announce(calls.SET)
    rig.ask(Method.BEGIN_VOLUME, calls.begun_volume())
    rig.relay.expect(calls.SET, 10.0, longest_hold_s=4.5)
    armed_ms = rig.now_ms + 10_000
    assert struct.unpack("<QI", calls.fields(rig.ask(Method.END_PREPARE))) == (armed_ms, 4500)


def test_without_a_dead_man_nothing_gets_to_its_freeze(rig: Rig) -> None:
    rig.relay.announce(calls.SET)
    rig.ask(Method.BEGIN_VOLUME, calls.begun_volume())
    assert rig.code(Method.END_PREPARE) == VETO
    assert rig.code(Method.PRE_COMMIT) == VETO


def test_with_a_dead_man_in_the_past_nothing_gets_to_its_freeze(rig: Rig) -> None:
    rig.expected()
    rig.now_ms += 10_001
    assert rig.code(Method.END_PREPARE) == VETO


@pytest.mark.parametrize(
    "early", [Method.PRE_COMMIT, Method.COMMIT, Method.POST_COMMIT, Method.POST_FINAL_COMMIT]
)
def test_a_call_out_of_order_ends_the_set(rig: Rig, early: Method) -> None:
    rig.expected()
    assert rig.code(early) == VETO
    assert rig.code(Method.END_PREPARE) == VETO


def test_a_call_on_another_connection_ends_the_set(rig: Rig) -> None:
    rig.expected()
    assert rig.code(Method.END_PREPARE, connection=object()) == VETO
    assert rig.code(Method.END_PREPARE) == VETO


def test_a_veto_before_the_hold_is_one_for_every_step(rig: Rig) -> None:
    rig.expected(*BEFORE_HOLD)
    rig.relay.veto()
    assert not rig.relay.release()
    assert rig.code(Method.COMMIT) == VETO


def test_no_hold_is_released_before_it_begins(rig: Rig) -> None:
    rig.expected(*BEFORE_HOLD)
    assert not rig.relay.release()
    assert rig.relay.wait_entered(0) is None


def test_a_host_volume_comes_too_late_after_the_preparations(rig: Rig) -> None:
    rig.expected(Method.END_PREPARE)
    assert rig.code(Method.BEGIN_VOLUME, calls.begun_volume()) == VETO


def test_a_host_volume_does_not_bring_a_vetoed_set_back(rig: Rig) -> None:
    rig.expected()
    rig.relay.veto()
    assert rig.code(Method.BEGIN_VOLUME, calls.begun_volume()) == VETO


def test_preparations_that_failed_are_not_tried_again(rig: Rig) -> None:
    rig.relay.announce(calls.SET)
    rig.ask(Method.BEGIN_VOLUME, calls.begun_volume())
    assert rig.code(Method.END_PREPARE) == VETO
    rig.relay.expect(calls.SET, 10.0)
    assert rig.code(Method.END_PREPARE) == VETO


def test_a_set_that_nobody_announced_is_asked_of_others_and_vetoed(rig: Rig) -> None:
    rig.expected()
    assert rig.code(Method.BEGIN_VOLUME, calls.begun_volume(), set_id=calls.OTHER_SET) == VETO
    other = Rig(on_foreign_set=lambda request: 0x8004_230E)
    assert other.code(Method.BEGIN_VOLUME, calls.begun_volume()) == 0x8004_230E
    assert other.relay.history == []


def test_host_volumes_are_supported_only_while_a_set_is_awaited(rig: Rig) -> None:
    def supports() -> int:
        return calls.fields(rig.ask(Method.IS_VOLUME_SUPPORTED, set_id=calls.OTHER_SET))[0]

    assert supports() == 0
    rig.relay.announce(calls.SET)
    assert supports() == 1
    rig.relay.veto()
    assert supports() == 0


def test_the_loss_of_another_connection_is_none_of_the_sets(rig: Rig) -> None:
    rig.expected(Method.END_PREPARE)
    rig.relay.connection_lost(object())
    assert rig.code(Method.PRE_COMMIT) == S_OK


def test_the_providers_word_comes_over_what_the_lost_connection_told(held: tuple[Rig, Future[int]]) -> None:
    rig, hold = held
    rig.relay.connection_lost(rig.connection)
    hold.result(LONG_S)
    assert rig.relay.ending == HoldEnding(Ended.CONNECTION_LOST, None)
    assert rig.code(Method.ABORT, calls.ending(3, 6_000_000), connection=object()) == S_OK
    assert rig.relay.ending == HoldEnding(Ended.DEADLINE, 6.0)
