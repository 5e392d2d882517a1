"""All at once, and undone at once: without a file system."""

from __future__ import annotations

import threading
import time

import pytest

from orchestrator.hosts.fsfreeze.side_by_side import all_at_once
from orchestrator.hosts.watchdog.hold import HoldFailed

PATIENCE_S = 5.0


def fail() -> None:
    raise HoldFailed("host.already-frozen", "by somebody else", "/dev/sdx")


def nothing() -> None:
    pass


def test_every_call_is_under_way_at_the_same_time() -> None:
    together = threading.Barrier(3)

    def meet() -> None:
        together.wait(PATIENCE_S)

    all_at_once([meet] * 3, threading.Event(), nothing)


def test_the_first_failure_is_raised_after_the_last_call_has_ended() -> None:
    ended = threading.Event()

    def slow() -> None:
        time.sleep(0.1)
        ended.set()

    with pytest.raises(HoldFailed, match="by somebody else"):
        all_at_once([slow, fail], threading.Event(), nothing)
    assert ended.is_set()


@pytest.mark.parametrize("reason", ["failure", "cancellation"])
def test_what_is_done_is_undone_while_the_slowest_is_still_under_way(reason: str) -> None:
    undone, cancelled = threading.Event(), threading.Event()
    seen: list[bool] = []

    def slow() -> None:
        if reason == "cancellation":
            cancelled.set()
        seen.append(undone.wait(PATIENCE_S))

    with pytest.raises(HoldFailed):
        all_at_once([slow, fail if reason == "failure" else nothing], cancelled, undone.set)
    assert seen == [True]


def test_no_call_is_made_once_all_are_cancelled() -> None:
    cancelled = threading.Event()
    cancelled.set()
    made: list[int] = []
    with pytest.raises(HoldFailed, match="given up"):
        all_at_once([lambda: made.append(1)] * 3, cancelled, nothing)
    assert made == []


def test_a_cancellation_after_the_last_call_still_counts() -> None:
    cancelled = threading.Event()
    with pytest.raises(HoldFailed, match="given up"):
        all_at_once([cancelled.set], cancelled, nothing)


def test_nothing_is_undone_when_all_went_well() -> None:
    undone = threading.Event()
    all_at_once([nothing] * 5, threading.Event(), undone.set)
    assert not undone.is_set()
