"""Threads beside the event loop, and cancellation."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from orchestrator.hosts.watchdog.threads import begin, finished

PATIENCE_S = 5.0


async def test_a_future_that_was_cancelled_leaves_its_work_alone() -> None:
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(PATIENCE_S)
        done.set()

    begin(work).cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert await finished(lambda: done.wait(PATIENCE_S))


async def test_a_cancellation_is_delivered_after_the_work() -> None:
    began, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go_on.wait(PATIENCE_S)
        done.set()

    working = asyncio.create_task(finished(work))
    await finished(lambda: began.wait(PATIENCE_S))
    for _ in range(3):
        working.cancel()
        await asyncio.sleep(0)
        assert not working.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert done.is_set()


async def test_a_failure_of_the_work_outranks_the_cancellation() -> None:
    go_on = threading.Event()

    def work() -> None:
        go_on.wait(PATIENCE_S)
        raise LookupError

    working = asyncio.create_task(finished(work))
    await asyncio.sleep(0)
    working.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(LookupError):
        await working


async def test_work_that_fails_after_everybody_left_is_not_complained_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def work() -> None:
        raise OSError("the disk is gone")

    future = begin(work)
    while not future.done():
        await asyncio.wait({future})
    del future
    gc.collect()
    assert "never retrieved" not in caplog.text
