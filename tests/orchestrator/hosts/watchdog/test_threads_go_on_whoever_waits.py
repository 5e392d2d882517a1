from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from orchestrator.hosts.watchdog.threads import begin, finished


def fail() -> None:
    raise OSError("the disk is gone")


async def test_work_that_fails_after_everybody_left_is_not_complained_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    future = begin(fail)
    while not future.done():
        await asyncio.wait({future})
    del future
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_who_waits_hears_of_a_failure() -> None:
    with pytest.raises(OSError, match="disk"):
        await finished(fail)


async def test_work_to_be_finished_is_finished_before_a_cancellation_goes_on() -> None:
    begun, let_go, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        let_go.wait(10)
        done.set()

    task = asyncio.create_task(finished(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    asyncio.get_running_loop().call_soon(let_go.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done.is_set()
