from __future__ import annotations

import asyncio
import time

import pytest

from tests.virtual_time import EPOCH, NothingWillHappen, VirtualClock, run_in_virtual_time


@pytest.mark.virtual_time
async def test_an_hour_of_sleep_takes_no_time(virtual_clock: VirtualClock) -> None:
    started = time.monotonic()
    await asyncio.sleep(3600)
    assert virtual_clock.now() == pytest.approx(3600)
    assert time.monotonic() - started < 1


@pytest.mark.virtual_time
async def test_a_deadline_passes_at_its_instant(virtual_clock: VirtualClock) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout_at(virtual_clock.now() + 6):
            await asyncio.Event().wait()
    assert virtual_clock.now() == pytest.approx(6)


@pytest.mark.virtual_time
async def test_a_deadline_that_is_met_does_not_fire(virtual_clock: VirtualClock) -> None:
    async with asyncio.timeout_at(virtual_clock.now() + 6):
        await asyncio.sleep(5.999)


def test_timers_fire_in_the_order_of_their_time_every_time() -> None:
    async def record() -> list[float]:
        fired: list[float] = []

        async def after(delay: float) -> None:
            await asyncio.sleep(delay)
            fired.append(delay)

        async with asyncio.TaskGroup() as tasks:
            for delay in (0.3, 86400.0 * 3, 0.0, 5.0, 0.1):
                tasks.create_task(after(delay))
        return fired

    assert run_in_virtual_time(record()) == [0.0, 0.1, 0.3, 5.0, 86400.0 * 3]


def test_a_wait_that_nothing_can_end_is_an_error_instead_of_a_hang() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingWillHappen):
        run_in_virtual_time(forever())


@pytest.mark.virtual_time
async def test_time_stands_still_while_a_thread_works(virtual_clock: VirtualClock) -> None:
    async with asyncio.timeout(0.001):
        await asyncio.to_thread(time.sleep, 0.02)
    assert virtual_clock.now() == 0


@pytest.mark.virtual_time
async def test_both_clocks_agree_until_the_machine_is_paused(virtual_clock: VirtualClock) -> None:
    before = virtual_clock.reading()
    assert before.wall == EPOCH
    await asyncio.sleep(2)
    assert before.disagreement_s(virtual_clock.reading()) == pytest.approx(0)
    virtual_clock.pause(30)
    assert before.disagreement_s(virtual_clock.reading()) == pytest.approx(30)
    assert before.elapsed_s(virtual_clock.reading()) == pytest.approx(32)


async def test_a_test_without_the_mark_lives_in_real_time() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await asyncio.sleep(0.01)
    assert 0.01 <= loop.time() - started < 5
