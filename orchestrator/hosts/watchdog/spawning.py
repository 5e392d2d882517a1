"""A new watchdog process: nothing of ours in it but one end of a pair of sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Final

MODULE: Final = "orchestrator.hosts.watchdog"


def spawn() -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a watchdog, and return it with our end. Blocks until it runs.

    Its own session keeps a terminal's signals from it; its folder is one that is always there. It gets no
    environment, for secrets may stand in ours, and has nowhere to write to: a log may lie on what is frozen.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-X", "utf8", "-m", MODULE],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
                start_new_session=True,
            )
    except BaseException:
        ours.close()
        raise
    ours.setblocking(False)
    return process, ours
