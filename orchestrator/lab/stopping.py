"""When a lab process ends: at a signal, or with the process that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import suppress


def stop_event(*, with_stdin: bool) -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set, and the end of standard input when asked to.

    A parent that dies, however it dies, closes the pipe that it holds to our standard input.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_stdin:
        # A thread, since the loop cannot watch every kind of standard input; and os.read, since a thread
        # inside sys.stdin would hold its lock when the interpreter ends.
        threading.Thread(target=_await_end_of_stdin, args=(loop, stop), daemon=True).start()
    return stop


def _await_end_of_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with suppress(RuntimeError):  # the loop has ended by itself meanwhile
        loop.call_soon_threadsafe(stop.set)
