from __future__ import annotations

import threading

import pytest

from orchestrator.errors import VerificationStopped
from orchestrator.verify.throttle import ASK_S, Throttle, Unthrottled


class Waiting:
    """A clock that only waiting moves, and a stop sign that is set at some moment."""

    def __init__(self, stop_at: float | None = None) -> None:
        self.now = 100.0
        self.stop_at = stop_at
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def is_set(self) -> bool:
        return self.stop_at is not None and self.now >= self.stop_at

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        self.now += timeout
        return self.is_set()


def test_bytes_a_second_are_kept() -> None:
    waiting = Waiting()
    throttle = Throttle(1000, stop=waiting, clock=waiting.clock)
    for _ in range(11):
        throttle.take(500)
    assert waiting.now == pytest.approx(105)


def test_requests_a_second_are_kept() -> None:
    waiting = Waiting()
    throttle = Throttle(None, 10, stop=waiting, clock=waiting.clock)
    for _ in range(21):
        throttle.take(1)
    assert waiting.now == pytest.approx(102)


@pytest.mark.parametrize(("bytes_per_s", "requests_per_s"), [(1000, 1000), (10**9, 10)])
def test_the_stricter_of_two_limits_rules(bytes_per_s: float, requests_per_s: float) -> None:
    waiting = Waiting()
    throttle = Throttle(bytes_per_s, requests_per_s, stop=waiting, clock=waiting.clock)
    for _ in range(11):
        throttle.take(100)
    assert waiting.now == pytest.approx(101)


def test_without_limits_nobody_waits() -> None:
    waiting = Waiting()
    throttle = Throttle(stop=waiting, clock=waiting.clock)
    for _ in range(1000):
        throttle.take(1 << 40)
    assert waiting.now == 100


def test_time_that_nobody_used_is_not_saved_up() -> None:
    waiting = Waiting()
    throttle = Throttle(1000, stop=waiting, clock=waiting.clock)
    throttle.take(500)
    waiting.now += 3600
    begun = waiting.now
    for _ in range(3):
        throttle.take(500)
    assert waiting.now - begun == pytest.approx(1)


def test_a_question_costs_no_time_of_anybody() -> None:
    waiting = Waiting()
    throttle = Throttle(1000, 1, stop=waiting, clock=waiting.clock)
    throttle.take(5000)
    throttle.take(0)
    assert waiting.now == 100
    throttle.take(1)
    assert waiting.now == pytest.approx(105)


def test_a_long_wait_hears_a_stop_within_a_tenth_of_a_second() -> None:
    waiting = Waiting(stop_at=150.05)
    throttle = Throttle(1, stop=waiting, clock=waiting.clock)
    throttle.take(1000)
    with pytest.raises(VerificationStopped):
        throttle.take(1)
    assert waiting.now <= 150.05 + ASK_S
    assert max(waiting.waits) <= ASK_S


@pytest.mark.parametrize("control", [Unthrottled, lambda stop: Throttle(1, stop=stop)])
def test_a_set_stop_sign_stops_before_the_first_request(control: object) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(VerificationStopped) as caught:
        control(stop).take(0)  # type: ignore[operator] # parametrized: any callable
    assert caught.value.code == "verify.stopped"


def test_several_threads_share_one_limit() -> None:
    waiting = Waiting()
    throttle = Throttle(1000, stop=waiting, clock=waiting.clock)
    # All of them reserve before any waits: the last one's turn is behind the others'.
    threads = [threading.Thread(target=throttle.take, args=(1000,)) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert waiting.now >= 104


@pytest.mark.parametrize("control", [Unthrottled, Throttle])
def test_progress_is_handed_on(control: object) -> None:
    seen: list[tuple[str, int, int]] = []
    control(watch=lambda *what: seen.append(what)).advance("DB.edb", 1, 2)  # type: ignore[operator] # parametrized: any callable
    control().advance("DB.edb", 1, 2)  # type: ignore[operator] # parametrized: any callable
    assert seen == [("DB.edb", 1, 2)]
