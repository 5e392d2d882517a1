"""Work that goes on to its end although its caller is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


async def to_its_end(work: Coroutine[Any, Any, T], on_cancel: Callable[[], None] = lambda: None) -> T:
    """Run work to its end; a cancellation that arrives meanwhile is delivered afterwards.

    A failure of the work outranks the cancellation. `on_cancel` may make the work end sooner.
    """
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})  # unlike `await task`, this does not hand the cancellation on
        except asyncio.CancelledError:
            cancelled = True
            on_cancel()
    if cancelled and not task.cancelled() and task.exception() is None:
        raise asyncio.CancelledError
    return task.result()


async def in_thread(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a blocking call in a thread, and come back only when it has ended: no thread is left behind."""
    return await to_its_end(asyncio.to_thread(call, *args, **kwargs))
