"""Waiting for what a child process brings about: never for ever, never in silence."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.e2e.promise import NotAsPromised

LOOK_EVERY_S: Final = 0.02
TAIL_LINES: Final = 40


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str, within_s: float, *logs: Path
) -> None:
    """Wait for something that a child brings about.

    Raises:
        NotAsPromised: the child ended first, or the time ran out; with the end of its logs.
    """
    deadline = time.monotonic() + within_s
    while not ready():
        ended = process.poll() is not None
        if ended and ready():  # it may have done so just before it ended
            return
        if ended or time.monotonic() >= deadline:
            why = f"it ended with {process.returncode}" if ended else f"{within_s:g} s went by"
            raise NotAsPromised("\n".join([f"no {what}: {why}", *(tail_of(log) for log in logs)]))
        time.sleep(LOOK_EVERY_S)


def tail_of(log: Path) -> str:
    """Return the end of a log, line by line with its name."""
    said = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"  {log.name} | {line}" for line in said[-TAIL_LINES:] or ["(nothing)"])
