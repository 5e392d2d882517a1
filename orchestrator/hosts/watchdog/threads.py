"""Blocking work beside the event loop, in threads that nothing else can keep busy."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def begin(work: Callable[[], T], *, to_its_end: bool = True) -> asyncio.Future[T]:
    """Start work in a thread of its own. It goes on, whatever becomes of the future.

    With `to_its_end` even the end of this process waits for it.

    The loop's own few threads may all wait for a file system that is frozen: a thaw cannot queue for one.
    """
    outcome: concurrent.futures.Future[T] = concurrent.futures.Future()
    outcome.set_running_or_notify_cancel()  # from here on a cancellation does not reach it

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever waits for the work gets it
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=not to_its_end).start()
    future = asyncio.wrap_future(outcome)
    future.add_done_callback(_note_failure)
    return future


async def finished(work: Callable[[], T]) -> T:
    """Do work in a thread of its own, to its end; a cancellation is delivered after that."""
    future = begin(work)
    cancellation: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait({future})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None and future.exception() is None:
        raise cancellation
    return future.result()


def _note_failure(future: asyncio.Future[T]) -> None:
    """Tell asyncio that somebody knows: whoever began the work may have gone, and it would complain."""
    if not future.cancelled():
        future.exception()
