"""Files that are whole or absent, whatever stops us, and the lock under which they are written."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from orchestrator.errors import EvidenceError

LOCK_WAIT_S: Final = 10.0  # a holder writes one small file; longer means that it hangs
_POLL_S: Final = 0.01


@contextmanager
def locked(folder: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold the folder's lock, made with the folder (0700) if need be. The system drops it when we die.

    Raises:
        EvidenceError: `evidence.folder-busy` when the lock could not be had in time.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as file:
        give_up_at = monotonic() + wait_s
        while not _try_lock(file.fileno()):
            if monotonic() >= give_up_at:
                raise EvidenceError(
                    "evidence.folder-busy",
                    f"another process has held the lock for {wait_s:g} s",
                    subject=str(folder),
                )
            sleep(_POLL_S)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_durably(path: Path, data: bytes) -> None:
    """Write a file (0600) so that it is either whole and on disk, or not there under its name.

    Call it under the folder's lock. A stray temporary file of a process that died is replaced.
    """
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
