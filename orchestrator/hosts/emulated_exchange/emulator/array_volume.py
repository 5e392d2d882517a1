"""One array volume with a file system on it, as the host's disk driver sees it.

What threads write goes out in one piece: under the shared lock of the array, so that no cut falls into it. A
file system keeps its tables whole with a journal of its own; here every change to them is such a piece.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write
from orchestrator.hosts.emulated_exchange.emulator.ntfs import NtfsVolume

SMALLEST_BYTES: Final = 1 << 20  # with less, there is hardly room for the tables of a file system


class Handle(NamedTuple):
    """The files of an array volume, opened by one thread: a lock belongs to whoever opened its file."""

    volume: int
    lock: int


class Rearrangement(NamedTuple):
    """How files are changed, and what is in them, inside one piece."""

    files: NtfsVolume
    write: Callable[[int, bytes], None]


class ArrayVolume:
    """An array volume, shared by the databases on it. It is formatted when `start` writes it.

    Raises:
        OSError: the file or its array's lock is missing; ENOSPC: it is too small for a file system.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        lock.stat()
        self._path = path
        self._lock = lock
        self._size_bytes = path.stat().st_size
        self._mutex = threading.Lock()
        if self._size_bytes < SMALLEST_BYTES:
            raise OSError(errno.ENOSPC, f"it has {self._size_bytes:,} bytes")
        self._kept: list[Write] = []
        self._files = NtfsVolume.format(self._keep, self._size_bytes)

    @contextmanager
    def opened(self) -> Iterator[Handle]:
        """Open it for this thread alone."""
        volume = os.open(self._path, os.O_RDWR)
        try:
            lock = os.open(self._lock, os.O_RDWR)
            try:
                yield Handle(volume, lock)
            finally:
                os.close(lock)
        finally:
            os.close(volume)

    @contextmanager
    def rearranging(self) -> Iterator[Rearrangement]:
        """Change files and what is in them in one piece; it goes out with the next `write` of any thread."""
        with self._mutex:
            yield Rearrangement(self._files, self._keep)

    def start(self, handle: Handle) -> None:
        """Format it: holes but for what has been written until now."""
        with self._mutex, shared(handle.lock):
            os.ftruncate(handle.volume, 0)
            os.ftruncate(handle.volume, self._size_bytes)
            self._write(handle, ())

    def write(self, handle: Handle, *writes: Write) -> None:
        """Write in one piece: rearrangements first, then this."""
        with self._mutex, shared(handle.lock):
            self._write(handle, writes)

    def _write(self, handle: Handle, writes: Sequence[Write]) -> None:
        kept, self._kept = self._kept, []
        for offset, data in (*kept, *writes):
            os.pwrite(handle.volume, data, offset)

    def _keep(self, offset: int, data: bytes) -> None:
        self._kept.append((offset, bytes(data)))


@contextmanager
def shared(lock: int) -> Iterator[None]:
    """Hold an array's lock as its writers do: no cut falls into what is written meanwhile."""
    fcntl.flock(lock, fcntl.LOCK_SH)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
