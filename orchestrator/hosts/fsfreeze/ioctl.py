"""The kernel's own freeze and thaw of one file system, on a descriptor of its mount point."""

from __future__ import annotations

import errno
import fcntl
from typing import Final

FIFREEZE: Final = 0xC0045877  # linux/fs.h: _IOWR('X', 119, int)
FITHAW: Final = 0xC0045878  # linux/fs.h: _IOWR('X', 120, int)


def freeze(descriptor: int) -> None:
    """Flush the file system and hold every write to it from now on. Blocks for as long as the flush takes.

    Raises:
        OSError: EBUSY when it is frozen already; EPERM without CAP_SYS_ADMIN; EOPNOTSUPP where its kind
            cannot be frozen.
    """
    fcntl.ioctl(descriptor, FIFREEZE, 0)


def thaw(descriptor: int) -> bool:
    """Let writes flow again, and tell whether the file system was frozen until then.

    False is the only proof there is that it is not frozen: the kernel answers EINVAL.
    """
    try:
        fcntl.ioctl(descriptor, FITHAW, 0)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True
