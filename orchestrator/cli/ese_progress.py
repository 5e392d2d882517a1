"""A check's progress on a terminal, and how Ctrl-C ends it: soon, and with what was done so far kept."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)


class Watcher(Protocol):
    """Is told how far the reading of one file has come."""

    def __call__(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Take note of it. Called from worker threads."""


def _ignore(what: str, done_bytes: int, total_bytes: int) -> None:
    """Nobody watches."""


@contextmanager
def watched(shows_progress: bool) -> Iterator[Watcher]:
    """Yield what draws a bar on stderr, gone when it ends. Without a terminal it draws nothing."""
    if not shows_progress:
        yield _ignore
        return
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        yield OneBar(bars)


class OneBar:
    """One bar for all files: each was announced with its size before the first is read."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task = bars.add_task("", total=None)
        self._lock = threading.Lock()
        self._files: dict[str, tuple[int, int]] = {}
        self._done_bytes = self._total_bytes = 0

    def __call__(self, what: str, done_bytes: int, total_bytes: int) -> None:
        """Show what is read now, and how far all of them have come."""
        with self._lock:
            before_done, before_total = self._files.get(what, (0, 0))
            self._files[what] = (done_bytes, total_bytes)
            self._done_bytes += done_bytes - before_done
            self._total_bytes += total_bytes - before_total
            self._bars.update(
                self._task,
                description=what.rpartition("/")[2],
                completed=self._done_bytes,
                total=self._total_bytes,
            )


@contextmanager
def stoppable(shows_progress: bool) -> Iterator[tuple[threading.Event, Watcher]]:
    """Yield what Ctrl-C and SIGTERM set, and what draws. A second Ctrl-C interrupts at once, as ever."""
    stopped = threading.Event()
    with _signals_set(stopped), watched(shows_progress) as watcher:
        yield stopped, watcher


@contextmanager
def _signals_set(stopped: threading.Event) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()
        signal.signal(signal.SIGINT, before[signal.SIGINT])

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
