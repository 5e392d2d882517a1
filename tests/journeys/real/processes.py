"""Processes that a journey kills, stops and waits for: found by what they are, held by a descriptor."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from orchestrator.hosts.watchdog.spawning import MODULE

PATIENCE_S: Final = 15.0  # for what happens at once unless the machine is very busy
LOOK_S: Final = 0.005


def wait_until(happened: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Look until it has happened; fail when it does not."""
    give_up_at = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(LOOK_S)


def processes_with(*words: str) -> list[int]:
    """Return the processes in our mount namespace whose command lines have all of these words."""
    return [int(each.name) for each in Path("/proc").glob("[0-9]*") if _is_meant(each, words)]


def watchdogs() -> list[int]:
    """Return every watchdog of this test process's namespace, whoever its parent is by now."""
    return processes_with(MODULE)


def await_end(pid: int, within_s: float = PATIENCE_S) -> None:
    """Wait for the end of a process, which need not be a child of ours."""
    assert ended_within(pid, within_s), f"process {pid} runs still"


def ended_within(pid: int, within_s: float) -> bool:
    """Wait for the end of a process, and tell whether it came in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return bool(poll.poll(within_s * 1000))
    finally:
        os.close(handle)


def await_stop(process: subprocess.Popen[str]) -> bool:
    """Wait until a child stands still, and tell so; False: it has ended instead. Reaps nothing."""
    state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return state is not None and state.si_code == os.CLD_STOPPED


def wake(process: subprocess.Popen[str]) -> None:
    """Let a child that stands still go on."""
    process.send_signal(signal.SIGCONT)


@contextmanager
def struck(pid: int, number: signal.Signals) -> Iterator[None]:
    """Kill or stop a process; one that still stands still when the block ends goes on then."""
    handle = os.pidfd_open(pid)
    try:
        signal.pidfd_send_signal(handle, number)
        if number is signal.SIGKILL:
            await_end(pid)
        yield
    finally:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGCONT)
        os.close(handle)


def _is_meant(place: Path, words: tuple[str, ...]) -> bool:
    try:
        if (place / "ns/mnt").readlink() != _our_mounts():
            return False
        said = (place / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has just gone
        return False
    return all(word.encode() in said for word in words)


def _our_mounts() -> Path:
    return Path("/proc/self/ns/mnt").readlink()
