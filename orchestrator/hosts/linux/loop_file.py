"""Files that loop devices show as disks."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.block_device import BlockDevice, device_of_number

LOOP_GET_STATUS64: Final = 0x4C05  # linux/loop.h
_STATUS: Final = struct.Struct("=QQ216x")  # struct loop_info64, of which device and inode come first


def file_lun_id(status: os.stat_result) -> str:
    """Return the LUN identity of a file that serves as a disk."""
    return f"file.{os.major(status.st_dev)}:{os.minor(status.st_dev)}-{status.st_ino}"


def backing_of(root: Path, loop: BlockDevice) -> str | BlockDevice | None:
    """Return the LUN identity of the file behind a loop device, or the block device that stands there.

    None if it has been deleted, cannot be reached, or another file has taken its path: in another mount
    namespace, say. The kernel's own note of device and inode tells.
    """
    path = loop.text("loop/backing_file")
    # A file may really be called so. That it cannot be told apart is reason enough to refuse it.
    if not path or path.endswith(" (deleted)"):
        return None
    try:
        status = (root / path.lstrip("/")).stat()
    except OSError:
        return None
    if stat.S_ISBLK(status.st_mode):
        return device_of_number(root, f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}")
    noted = _noted_by_kernel(root / loop.path.lstrip("/"))
    if noted is not None and noted != (status.st_dev, status.st_ino):
        return None
    return file_lun_id(status) if stat.S_ISREG(status.st_mode) else None


def _noted_by_kernel(node: Path) -> tuple[int, int] | None:
    """Return device and inode that a loop device was set up on; None where it cannot be asked."""
    try:
        descriptor = os.open(node, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        answer = fcntl.ioctl(descriptor, LOOP_GET_STATUS64, bytes(_STATUS.size))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    device, inode = _STATUS.unpack(answer)
    return device, inode
