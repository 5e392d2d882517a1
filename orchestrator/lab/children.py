"""Emulated parts as processes of their own, ended with the block that started them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from orchestrator.config.state_folder import VARIABLE
from orchestrator.errors import HostError

END_S: Final = 5.0


@contextmanager
def lab_child(arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Start `quiesce lab …` and end it with the block; it also ends by itself when this process dies."""
    with _running([sys.executable, "-m", "orchestrator", "lab", *arguments]) as child:
        yield child


@contextmanager
def product_child(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start another command of ours in a state folder, and end it with the block.

    It does not watch its stdin; where there is `setpriv`, the kernel ends it with this process.
    """
    bound = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    command = [*bound, sys.executable, "-m", "orchestrator", *arguments, "--json"]
    with _running(command, os.environ | {VARIABLE: str(home)}) as child:
        yield child


@contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(  # noqa: S603 - our own command line
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def announcement(child: subprocess.Popen[str]) -> Mapping[str, Any]:
    """Wait for a child's first line and return what it says.

    Raises:
        HostError: it ended without one.
    """
    assert child.stdout is not None  # noqa: S101 - piped above
    line = child.stdout.readline()
    if not line:
        raise HostError("lab.child-ended", "it ended before it could be reached", subject=f"pid {child.pid}")
    said: dict[str, Any] = json.loads(line)
    if "problem" in said:
        raise HostError("lab.child-ended", said["problem"]["what"], subject=f"pid {child.pid}")
    return said
