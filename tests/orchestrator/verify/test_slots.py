from __future__ import annotations

import threading

import pytest

from orchestrator.errors import VerificationStopped
from orchestrator.verify import slots as slots_module
from orchestrator.verify.slots import Slots
from tests.orchestrator.verify.sources import Recorder


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots_module, "ASK_S", 0.005)


class Watched(Recorder):
    """A control that lets a test wait for what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()
        self.asked = threading.Semaphore(0)
        self.stop = False

    def take(self, size_bytes: int) -> None:
        self.asked.release()
        if self.stop:
            raise VerificationStopped("verify.stopped", "enough")

    def advance(self, what: str, done_bytes: int, total_bytes: int) -> None:
        super().advance(what, done_bytes, total_bytes)
        self.told.set()


class Verification(threading.Thread):
    """Holds a slot until it may end."""

    def __init__(self, slots: Slots) -> None:
        super().__init__(daemon=True)
        self.slots, self.control = slots, Watched()
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.stopped = False

    def run(self) -> None:
        try:
            with self.slots.taken(self.control):
                self.begun.set()
                self.may_end.wait(10)
        except VerificationStopped:
            self.stopped = True


def started(slots: Slots, number: int) -> list[Verification]:
    threads = []
    for at in range(number):
        threads.append(Verification(slots))
        threads[-1].start()
        assert (threads[-1].begun if at < 2 else threads[-1].control.told).wait(10)
    return threads


def end(*threads: Verification) -> None:
    for each in threads:
        each.may_end.set()
    for each in threads:
        each.join(10)


def look_again(*threads: Verification) -> None:
    """Wait until those that wait have looked at the queue twice more."""
    for each in threads:
        for _ in range(3):
            assert each.control.asked.acquire(timeout=10)


def test_two_read_and_the_others_come_in_their_order() -> None:
    threads = started(Slots(), 4)
    look_again(threads[2], threads[3])
    assert not threads[2].begun.is_set()
    assert [each.control.seen for each in threads[2:]] == [
        [("waiting for 1 other verification", 0, 0)],
        [("waiting for 2 other verifications", 0, 0)],
    ]
    end(threads[1])
    assert threads[2].begun.wait(10)
    assert not threads[3].begun.is_set()
    end(*threads)
    assert threads[3].begun.is_set()


@pytest.mark.parametrize("which", [2, 3])
def test_one_that_waits_can_be_stopped_and_leaves_the_queue(which: int) -> None:
    threads = started(Slots(), 4)
    threads[which].control.stop = True
    threads[which].join(10)
    assert threads[which].stopped
    other = threads[5 - which]
    look_again(other)
    assert not other.begun.is_set()
    end(threads[0])
    assert other.begun.wait(10)
    end(*threads)


def test_a_slot_is_given_back_after_a_failure() -> None:
    slots = Slots(at_once=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="it"), slots.taken(Recorder(stop_after=0)):
            raise ValueError("it")
