"""One run per host at a time on this machine, and a fencing token that only grows."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.errors import Refused


@contextmanager
def hold_host(folder: Path, host_id: str) -> Iterator[int]:
    """Hold a host for the process's life and yield the next fencing token.

    Raises:
        Refused: `host.busy`, another run holds it.
    """
    name = hashlib.sha256(host_id.encode()).hexdigest()[:24]  # a host may call itself anything
    descriptor = os.open(folder / f"host-{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("host.busy", "another run holds this host", subject=host_id) from None
        fence = int(file.read() or 0) + 1
        file.seek(0)
        file.write(str(fence))
        file.flush()
        os.fsync(file.fileno())
        yield fence
