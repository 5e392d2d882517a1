"""Reads what a user points at, which may be anything: a folder, a pipe, a disk, a gigabyte."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple


class SmallFile(NamedTuple):
    """The bytes of a file, and its permission bits as they were when it was open."""

    content: bytes
    mode: int


def read_small_file(path: Path, limit_bytes: int) -> SmallFile:
    """Read a regular file of at most `limit_bytes`. Never waits for a pipe.

    Raises:
        OSError, ValueError: with a reason that can be shown to a user.
    """
    # O_NONBLOCK: opening a FIFO that nobody writes to would otherwise wait for ever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("is not a regular file")
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise ValueError(f"is larger than {limit_bytes} bytes")
    return SmallFile(content, stat.S_IMODE(status.st_mode))


def reason_of(error: OSError | ValueError) -> str:
    """Say in words why a file could not be read, without repeating its path."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
