"""One file system of a hold: its mount point opened, and whether it is we who may have frozen it."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Mapping
from contextlib import suppress

from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.hosts.watchdog.hold import HoldFailed


class HeldFileSystem:
    """Found by its mount points, and used through a descriptor of one.

    The ioctls by path would strike whatever lies *below* a mount point from which it is gone.

    Args:
        device: the path of its device; also what it is called.
        mount_points: by path, the number that `os.stat` gave its device.
    """

    def __init__(self, device: str, mount_points: Mapping[str, int]) -> None:
        self._device = device
        self._mount_points = mount_points
        self._descriptor: int | None = None
        self._may_be_frozen = False

    def open(self) -> None:
        """Open the first mount point on which it still is.

        Raises:
            HoldFailed: `host.not-mounted`.
        """
        if self._descriptor is not None:
            return
        for path, st_dev in self._mount_points.items():
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                if os.fstat(descriptor).st_dev == st_dev:
                    self._descriptor = descriptor
                    return
                os.close(descriptor)
        raise self._failure("host.not-mounted", f"not on {', '.join(self._mount_points)} any more")

    def reopen(self) -> None:
        """Open it, if it is still there, as one that may be frozen."""
        self._may_be_frozen = True
        with suppress(HoldFailed):
            self.open()

    def flush(self) -> None:
        """Write out what is dirty. Unlike `os.sync`, of this file system only.

        Raises:
            HoldFailed: `host.freeze-failed`.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(self._opened()) != 0:
            why = os.strerror(ctypes.get_errno())
            raise self._failure("host.freeze-failed", f"it cannot be flushed: {why}")

    def freeze(self) -> None:
        """Freeze it.

        Raises:
            HoldFailed: `host.already-frozen` by somebody else, whose it is to thaw; `host.freeze-failed`.
        """
        try:
            ioctl.freeze(self._opened())
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise self._failure("host.already-frozen", "somebody else has frozen it") from None
            raise self._failure("host.freeze-failed", f"the kernel says: {error.strerror}") from None
        self._may_be_frozen = True

    def thaw(self) -> bool:
        """Thaw it if we may have frozen it, and tell whether it was frozen until then.

        Raises:
            HoldFailed: `host.still-frozen`; it may be.
        """
        if not self._may_be_frozen:
            return False
        if self._descriptor is None:
            return self._no_longer_there()
        try:
            return ioctl.thaw(self._descriptor)
        except OSError as error:
            raise self._failure("host.still-frozen", f"the kernel says: {error.strerror}") from None

    def close(self) -> None:
        """Close its mount point."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _no_longer_there(self) -> bool:
        """Return False if it is not mounted anywhere: a frozen one that is unmounted lives on, hidden.

        The kernel gives a device for exclusive use only when no file system lives on it (open(2), O_EXCL).
        """
        try:
            os.close(os.open(self._device, os.O_RDONLY | os.O_EXCL))
        except OSError as error:
            where = ", ".join(self._mount_points)
            what = f"not on {where} any more, and still in use: {error.strerror}; mount it there again"
            raise self._failure("host.still-frozen", what) from None
        return False

    def _opened(self) -> int:
        if self._descriptor is None:
            raise self._failure("host.freeze-failed", "it was not prepared")
        return self._descriptor

    def _failure(self, code: str, what: str) -> HoldFailed:
        return HoldFailed(code, what, self._device)
