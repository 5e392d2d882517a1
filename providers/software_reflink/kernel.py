"""What the kernel does to files of a store: share blocks, count extents, rename without replacing. Blocks.

Numbers and layouts are those of linux/fs.h, linux/fiemap.h and linux/magic.h on 64-bit machines.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import time
from typing import Final

_FICLONE: Final = 0x40049409  # _IOW(0x94, 9, int)
_FICLONERANGE: Final = 0x4020940D  # _IOW(0x94, 13, struct file_clone_range)
_FS_IOC_GETVERSION: Final = 0x80087601  # _IOR('v', 1, long)
_FS_IOC_GETFLAGS: Final = 0x80086601  # _IOR('f', 1, long)
_FS_IOC_SETFLAGS: Final = 0x40086602  # _IOW('f', 2, long)
_FS_IOC_FIEMAP: Final = 0xC020660B  # _IOWR('f', 11, struct fiemap)

_NO_COPY_ON_WRITE: Final = 0x00800000  # FS_NOCOW_FL
_RENAME_NOREPLACE: Final = 1
_CLOCK_REALTIME_COARSE: Final = 5  # linux/time.h: the clock that stamps files

_KINDS: Final = {0x58465342: "xfs", 0x9123683E: "btrfs"}

_CLONE_RANGE: Final = struct.Struct("=qQQQ")
_FIEMAP: Final = struct.Struct("=QQIIII")
_LONG: Final = struct.Struct("@l")
_STATFS_BYTES: Final = 256  # more than struct statfs has on any machine; its first field is the kind

_libc: Final = ctypes.CDLL(None, use_errno=True)


def share_blocks(source: int, target: int) -> None:
    """Let an open file have the blocks of another: all of them, or an error. Both keep them until written to.

    Flushes what is dirty of the source first.

    Raises:
        OSError: EOPNOTSUPP where the file system cannot; EXDEV across two; ENOSPC, EDQUOT when it is full.
    """
    fcntl.ioctl(target, _FICLONE, source)


def try_to_share(source: int, target: int) -> None:
    """Let an empty file have the first block of another, and take it away again.

    Raises:
        OSError: as `share_blocks` would.
    """
    block = os.fstatvfs(source).f_bsize
    length = block if os.fstat(source).st_size >= block else 0  # 0: to the end
    fcntl.ioctl(target, _FICLONERANGE, _CLONE_RANGE.pack(source, 0, length, 0))
    os.ftruncate(target, 0)


def take_over_flags(source: int, target: int) -> None:
    """Make an empty file keep its blocks the way another does: btrfs shares none between two ways."""
    if _flags(source) & _NO_COPY_ON_WRITE:
        flags = _LONG.pack(_flags(target) | _NO_COPY_ON_WRITE)
        fcntl.ioctl(target, _FS_IOC_SETFLAGS, flags)


def extents(descriptor: int) -> int:
    """Count the extents of an open file, as far as they are on disk."""
    request = bytearray(_FIEMAP.pack(0, 2**64 - 1, 0, 0, 0, 0))  # room for none: only count them
    fcntl.ioctl(descriptor, _FS_IOC_FIEMAP, request)
    return int(_FIEMAP.unpack(request)[3])


def generation(descriptor: int) -> int:
    """Return what tells a file from a later one with the same inode number."""
    answer = bytearray(_LONG.size)
    fcntl.ioctl(descriptor, _FS_IOC_GETVERSION, answer)
    return int.from_bytes(answer[:4], "little")  # an int, whatever the number of the call says


def rename_if_free(folder: int, old: str, new: str) -> None:
    """Rename inside an open folder, by one call that never replaces anything.

    Raises:
        FileExistsError: the new name is taken.
        OSError: any other reason.
    """
    args = (folder, os.fsencode(old), folder, os.fsencode(new), _RENAME_NOREPLACE)
    if _libc.renameat2(*args) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), old)


def file_system_kind(descriptor: int) -> str:
    """Return `xfs`, `btrfs`, or a number for any other file system."""
    answer = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc.fstatfs(descriptor, answer) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    magic = _LONG.unpack_from(answer.raw)[0] & 0xFFFFFFFF
    return _KINDS.get(magic, f"{magic:#x}")


def clock_grain_s() -> float:
    """Return the grain of the times of files, in seconds: one tick of the kernel."""
    return time.clock_getres(_CLOCK_REALTIME_COARSE)


def _flags(descriptor: int) -> int:
    answer = bytearray(_LONG.size)
    fcntl.ioctl(descriptor, _FS_IOC_GETFLAGS, answer)
    return int.from_bytes(answer[:4], "little")
