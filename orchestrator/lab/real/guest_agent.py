"""The real `qemu-ga`, on a unix socket instead of a guest's serial line.

It freezes what is mounted *here*, as it would inside a guest: only a caller that names its mount points may
speak to it.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.lab.real.child import READY_S, await_ready, program

_PING: Final = b'{"execute": "guest-ping"}\n'


@dataclass(frozen=True, slots=True)
class GuestAgent:
    """One that answers.

    Attributes:
        pid: of its process.
        socket: where it listens, for one client at a time.
        log: what it has to say.
    """

    pid: int
    socket: Path
    log: Path

    @property
    def url(self) -> str:
        """What to register it with."""
        return f"unix://{self.socket}"


@contextmanager
def guest_agent(home: Path) -> Iterator[GuestAgent]:
    """Start an agent that keeps socket and state in a folder, and end it with the block.

    It thaws nothing when it ends: whoever froze by it has to have thawed before.

    Raises:
        HostError: `lab.child-ended`, `lab.command-failed`.
    """
    state, path, log = home / "state", home / "ga.sock", home / "qemu-ga.log"
    state.mkdir(parents=True, exist_ok=True)
    listen = ["--method", "unix-listen", "--path", str(path)]
    command = ["qemu-ga", *listen, "--statedir", str(state), "--pidfile", str(home / "qemu-ga.pid")]
    with program(command, log) as child:
        await_ready(child, lambda: _ping(path), log)
        yield GuestAgent(child.pid, path, log)


def _ping(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(READY_S)
        connection.connect(str(path))
        connection.sendall(_PING)
        answer = connection.makefile("rb").readline()
    if "return" not in json.loads(answer or b"{}"):
        raise ConnectionError(f"it answers a ping with {answer!r}")
