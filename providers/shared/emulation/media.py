"""Real bytes in real files, and the lock that makes a cut of many of them one instant.

Whoever writes to an array volume holds the lock file shared (`flock`) for the length of each write; a cut
holds it exclusively, so that it falls between two writes, never into one.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# ioctl FICLONE of linux/fs.h, _IOW(0x94, 9, int): share the blocks where the file system can (XFS, btrfs).
FICLONE: Final = 0x40049409
CHUNK_BYTES: Final = 1 << 20


class Media:
    """The files under one array's home: `lock`, `volumes/<serial>`, `replicas/<serial>`.

    Every method blocks: call them from a worker thread.
    """

    def __init__(self, home: Path) -> None:
        self.lock_path = home / "lock"
        self._volumes = home / "volumes"
        self._replicas = home / "replicas"
        for folder in (self._volumes, self._replicas):
            folder.mkdir(parents=True)
        self.lock_path.touch()

    def volume_path(self, serial: str) -> Path:
        """Return where the bytes of an array volume are."""
        return self._volumes / serial

    def replica_path(self, serial: str) -> Path:
        """Return where the bytes of a replica are."""
        return self._replicas / serial

    @contextmanager
    def writers_out(self) -> Iterator[None]:
        """Hold the shared lock exclusively: nobody is in the middle of a write."""
        with self.lock_path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def resize(path: Path, size_bytes: int) -> None:
    """Make a file of zeroes, or cut or lengthen one."""
    path.touch()
    os.truncate(path, size_bytes)


def copy(source: Path, target: Path) -> None:
    """Make the target's bytes those of the source. Holes stay holes; a target keeps its inode."""
    with source.open("rb", buffering=0) as reader, target.open("wb", buffering=0) as writer:
        try:
            fcntl.ioctl(writer, FICLONE, reader.fileno())
        except OSError:  # another file system: copy what is not a hole
            size_bytes = os.fstat(reader.fileno()).st_size
            os.ftruncate(writer.fileno(), size_bytes)
            for start, end in _written(reader.fileno(), size_bytes):
                for offset in range(start, end, CHUNK_BYTES):
                    data = os.pread(reader.fileno(), min(CHUNK_BYTES, end - offset), offset)
                    os.pwrite(writer.fileno(), data, offset)


def _written(descriptor: int, size_bytes: int) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a file that are not holes."""
    end = 0
    while end < size_bytes:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole from here on
                return
            raise
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end
