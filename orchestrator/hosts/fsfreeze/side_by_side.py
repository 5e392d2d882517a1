"""The same call on several file systems at once, each in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from orchestrator.hosts.watchdog.hold import HoldFailed

# How soon we notice, while we wait for a slow file system, that all was cancelled.
LOOK_S: Final = 0.01

Call = Callable[[], None]


def all_at_once(calls: Sequence[Call], cancelled: threading.Event, undo: Call) -> None:
    """Make all calls and wait for every one: none can be interrupted.

    Once one has failed or all are cancelled, no more are begun, and `undo` is called again and again until
    the last has ended: what is done by then does not wait for the slowest to be undone.

    Raises:
        HoldFailed: the first failure, or that it was cancelled.
    """
    given_up = HoldFailed("host.freeze-failed", "it was given up before everything was held")
    failures: list[HoldFailed] = []
    ended: queue.SimpleQueue[HoldFailed | None] = queue.SimpleQueue()

    def take(call: Call) -> None:
        ended.put(given_up if cancelled.is_set() or failures else _outcome(call))

    for call in calls:
        threading.Thread(target=take, args=(call,), daemon=True).start()
    under_way = len(calls)
    while under_way:
        with suppress(queue.Empty):
            failures += filter(None, [ended.get(timeout=LOOK_S)])
            under_way -= 1
        if failures or cancelled.is_set():
            undo()
    if failures or cancelled.is_set():
        raise (failures or [given_up])[0]


def _outcome(call: Call) -> HoldFailed | None:
    try:
        call()
    except HoldFailed as failure:
        return failure
    return None
