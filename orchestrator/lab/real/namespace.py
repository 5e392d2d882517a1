"""A mount namespace of this process's own, so that the kernel takes away whatever nobody has unmounted."""

from __future__ import annotations

import ctypes
import os
from typing import Final

from orchestrator.errors import HostError
from orchestrator.lab.real.file_systems import run

CLONE_NEWNS: Final = 0x00020000  # linux/sched.h


def leave_common_mounts() -> None:
    """Go on in a mount namespace of our own, with every child that is started from now on.

    What is mounted from here on is seen by nobody else and goes with the last of these processes, even when
    all of them are killed. Call it before there are threads: each thread is in a namespace by itself.

    Raises:
        HostError: `lab.command-failed`.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise HostError("lab.command-failed", os.strerror(ctypes.get_errno()), subject="unshare")
    run("mount", "--make-rprivate", "/")
