"""The COM thread: one for all, inside COM from first to last, and never waited for without end."""

from __future__ import annotations

from threading import Event, current_thread

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.vss.requestor.thread import ComThread
from tests.orchestrator.hosts.vss.fake_com import FakeRuntime


def test_everything_is_done_on_one_thread_inside_com() -> None:
    runtime = FakeRuntime()
    thread = ComThread(runtime, "com")
    seen = {thread.run(lambda: (current_thread().name, runtime.threads["com"]), 5) for _ in range(3)}
    assert seen == {("com", 1)}
    thread.end()
    thread.end()
    assert thread.join(5)
    assert runtime.leaks == []


def test_a_failure_is_handed_over_and_the_thread_goes_on() -> None:
    thread = ComThread(FakeRuntime(), "com")

    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        thread.run(fail, 5)
    assert thread.run(lambda: 1, 5) == 1
    thread.end()
    with pytest.raises(RuntimeError):
        thread.submit(fail)


def test_a_timeout_of_the_work_itself_stays_one() -> None:
    thread = ComThread(FakeRuntime(), "com")

    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        thread.run(fail, 5)
    thread.end()


def test_a_call_that_does_not_come_back_is_left_behind() -> None:
    thread = ComThread(FakeRuntime(), "set s")
    back = Event()
    with pytest.raises(HostError) as late:
        thread.run(lambda: back.wait(5), 0.01)
    assert (late.value.code, late.value.subject) == ("host.vss-late", "set s")
    thread.end()
    assert not thread.join(0.01)
    back.set()
    assert thread.join(5)
