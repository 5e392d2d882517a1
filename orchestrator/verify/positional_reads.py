"""Reads a file or block device by position, from several threads, without flooding the page cache."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.errors import VerificationError

# Without O_NONBLOCK, opening a named pipe waits for its writer, and a tape drive is rewound by opening it.
OPENING: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# RWF_NOWAIT answers so where a file system does not know it: then everything is read in the plain way.
NOT_FROM_CACHE: Final = frozenset({errno.EAGAIN, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
# Linux's <linux/fs.h>: the logical sector size of a block device.
BLKSSZGET: Final = 0x1268
SECTOR_BYTES: Final = 512


class PositionalReader:
    """One regular file or block device, opened for reading only.

    What was not in the page cache before it was read here does not stay there: a clone of some terabytes
    would push everything else out of memory. Close it when no thread reads any more.

    Attributes:
        name: how errors call it.
        size_bytes: when it was opened.
        sector_bytes: of a block device; 0 for a file, which has none.

    Raises:
        VerificationError: `verify.cannot-read`.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        try:
            self._descriptor = os.open(path, OPENING)
        except (OSError, ValueError) as cause:
            raise self._unreadable(cause) from None
        try:
            self.size_bytes, self.sector_bytes = self._measured()
        except (OSError, VerificationError) as cause:
            os.close(self._descriptor)
            raise cause if isinstance(cause, VerificationError) else self._unreadable(cause) from None

    def fileno(self) -> int:
        """Return its descriptor, for a child that reads the same thing."""
        return self._descriptor

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer and return how many bytes that were: fewer at the end.

        Raises:
            VerificationError: `verify.cannot-read`.
        """
        if offset < 0:  # preadv2(2) takes -1 for "where the last read ended"
            raise self._unreadable(ValueError("there is no such place"), f", byte {offset:,}")
        done = 0
        try:
            while done < len(buffer):
                count = self._once(offset + done, buffer[done:])
                if count == 0:
                    break
                done += count
        except (OSError, OverflowError) as cause:
            raise self._unreadable(cause, f", byte {offset + done:,}") from None
        return done

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Return some bytes; fewer at the end."""
        data = bytearray(min(length, max(0, self.size_bytes - offset)))
        return bytes(data[: self.read(offset, memoryview(data))])

    def forget(self, offset: int, length: int) -> None:
        """Let the page cache drop what lies there."""
        with suppress(OSError):
            os.posix_fadvise(self._descriptor, offset, length, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def _once(self, offset: int, buffer: memoryview) -> int:
        try:
            cached = os.preadv(self._descriptor, [buffer], offset, os.RWF_NOWAIT)
        except OSError as cause:
            if cause.errno not in NOT_FROM_CACHE:
                raise
            cached = 0
        if cached:
            return cached
        count = os.preadv(self._descriptor, [buffer], offset)
        self.forget(offset, count)
        return count

    def _measured(self) -> tuple[int, int]:
        found = os.fstat(self._descriptor)
        # No read-ahead: requests are large, and what the kernel reads ahead would stay in the page cache.
        with suppress(OSError):
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_RANDOM)
        if stat.S_ISREG(found.st_mode):
            return found.st_size, 0
        if not stat.S_ISBLK(found.st_mode):
            raise VerificationError(
                "verify.cannot-read", "it is neither a file nor a block device", subject=self.name
            )
        answer = fcntl.ioctl(self._descriptor, BLKSSZGET, bytes(4))
        (sector_bytes,) = struct.unpack("=I", answer)
        return os.lseek(self._descriptor, 0, os.SEEK_END), sector_bytes or SECTOR_BYTES

    def _unreadable(self, cause: Exception, where: str = "") -> VerificationError:
        said = (cause.strerror or str(cause)).lower() if isinstance(cause, OSError) else str(cause)
        return VerificationError(
            "verify.cannot-read", f"it cannot be read: {said}", subject=self.name + where
        )
