"""What runs to its end does so whatever happens to its caller, and its outcome is not lost."""

from __future__ import annotations

import asyncio
import threading

import pytest

from providers.shared.finishing import in_thread, to_its_end


@pytest.mark.parametrize("cancellations", [1, 2, 5])
async def test_work_ends_before_a_cancellation_is_delivered(cancellations: int) -> None:
    ended, begun, go_on = [], asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        ended.append(True)

    heard: list[bool] = []
    task = asyncio.create_task(to_its_end(work(), on_cancel=lambda: heard.append(True)))
    await begun.wait()
    for _ in range(cancellations):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    assert len(heard) == cancellations
    go_on.set()
    await asyncio.wait({task})
    assert task.cancelled()
    assert ended == [True]


async def test_a_failure_outranks_the_cancellation() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await go_on.wait()
        raise ValueError("it failed")

    task = asyncio.create_task(to_its_end(work()))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(ValueError, match="it failed"):
        await task


async def test_a_thread_is_waited_for() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        assert go_on.wait(10)
        return 7

    task = asyncio.create_task(in_thread(work))
    assert await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    await asyncio.wait({task})
    assert task.cancelled()
    assert await in_thread(work) == 7
