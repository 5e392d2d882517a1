"""The thaw: it happens whatever else happens, and its result is kept before a cancellation goes on (R2)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from orchestrator.engine.clock import Clock
from orchestrator.model.hosts import ReleaseReport
from orchestrator.plugin import HostSet

T = TypeVar("T")

RUNGS = 3  # the host's dead man stands behind the last rung, so more attempts would only delay the report


async def finish_even_if_cancelled(work: Coroutine[Any, Any, T], wish: asyncio.Event | None = None) -> T:
    """Run work to its end; a cancellation that arrives meanwhile is delivered afterwards.

    Args:
        work: what must not be left half-done.
        wish: set when a cancellation arrives, for parts of the work that need not be done.
    """
    task = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})  # unlike `await task`, this does not hand the cancellation on
        except asyncio.CancelledError as error:
            cancellation = error
            if wish is not None:
                wish.set()
    if cancellation is not None and task.exception() is None:
        raise cancellation
    return task.result()  # a failure of the work outranks the cancellation


async def climb_thaw_ladder(host_set: HostSet, rung_s: float, clock: Clock) -> ReleaseReport | None:
    """Ask the host to thaw until it confirms, each rung with a deadline of its own.

    Returns None when no rung was confirmed: the host's dead man is then all that is left.
    """
    for _ in range(RUNGS):
        try:
            async with asyncio.timeout_at(clock.now() + rung_s):
                return await host_set.thaw()
        except Exception:  # noqa: BLE001, S112 - the door to a plugin: nothing it raises may end the climb
            continue
    return None
