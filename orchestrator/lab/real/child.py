"""Real programs as children: they end with the block that started them, and with this process."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from orchestrator.errors import HostError

READY_S: Final = 10.0
END_S: Final = 5.0
LOOK_S: Final = 0.002

T = TypeVar("T")


@contextmanager
def program(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program that writes what it has to say into a file, and end it with the block.

    Args:
        command: the program and its arguments.
        log: is appended to.

    Raises:
        HostError: `lab.command-failed`, it cannot be started.
    """
    child = start(command, log)
    try:
        yield child
    finally:
        end(child)


def start(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program. The kernel ends it with the *thread* that called this: call it from the main one.

    In a session of its own, since Ctrl-C in a terminal strikes whole groups of processes: what it holds
    must go in our order, not at once.

    Raises:
        HostError: `lab.command-failed`, it cannot be started.
    """
    with log.open("ab") as said:
        try:
            return subprocess.Popen(  # noqa: S603 - our own words
                ["setpriv", "--pdeathsig", "TERM", *command],  # noqa: S607 - found like every other program
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise HostError("lab.command-failed", "it is not installed", subject="setpriv") from None


def end(child: subprocess.Popen[bytes]) -> None:
    """Ask a program to end, make it end if it does not, and wait until it has."""
    child.terminate()
    try:
        child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def await_ready(child: subprocess.Popen[bytes], look: Callable[[], T], log: Path) -> T:
    """Look until the program answers, and return what the look returned.

    Args:
        child: the program.
        look: raises OSError for as long as there is no answer.
        log: where the program writes what it has to say.

    Raises:
        HostError: `lab.child-ended`; it ended, or did not answer in time.
    """
    until = time.monotonic() + READY_S
    while True:
        try:
            return look()
        except OSError as error:
            if child.poll() is not None:
                said = (
                    log.read_text(encoding="utf-8", errors="replace").strip() or f"status {child.returncode}"
                )
                raise _not_ready(child, said, log) from None
            if time.monotonic() >= until:
                raise _not_ready(child, f"no answer within {READY_S:g} s: {error}", log) from None
        time.sleep(LOOK_S)


def _not_ready(child: subprocess.Popen[bytes], what: str, log: Path) -> HostError:
    name = str(child.args[3]) if isinstance(child.args, list) else "child"
    return HostError("lab.child-ended", what, subject=name, remedy=f"What it had to say stands in {log}.")
