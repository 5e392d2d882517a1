"""What is asked of the kernel about one device: read-only, flushed, in use by whom. Blocks.

Source: linux/fs.h (BLKROSET, BLKROGET, BLKFLSBUF), open(2) (O_EXCL of a block device), multipath(8).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import subprocess
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.attributes import text_of

BLKROSET: Final = 0x125D
BLKROGET: Final = 0x125E
BLKFLSBUF: Final = 0x1261
_FLAG: Final = struct.Struct("=i")
_PROGRAM_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class DeviceControl:
    """The devices of one machine.

    Attributes:
        proc: where the kernel tells of processes.
    """

    proc: Path = Path("/proc")

    def make_read_only(self, node: Path) -> bool:
        """Let nobody write through a device any more; tell whether the kernel agrees."""
        descriptor = os.open(node, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.ioctl(descriptor, BLKROSET, _FLAG.pack(1))
            (flag,) = _FLAG.unpack(fcntl.ioctl(descriptor, BLKROGET, _FLAG.pack(0)))
        finally:
            os.close(descriptor)
        return bool(flag)

    def flush(self, node: Path) -> None:
        """Forget what was read ahead of a device. One that does not answer any more has nothing to flush."""
        with suppress(OSError):
            descriptor = os.open(node, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                fcntl.ioctl(descriptor, BLKFLSBUF, 0)
            finally:
                os.close(descriptor)

    def is_claimed(self, node: Path) -> bool:
        """Tell whether a mount or another block device holds it: both open it as is tried here."""
        try:
            os.close(os.open(node, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC | os.O_NONBLOCK))
        except OSError as error:
            return error.errno == errno.EBUSY
        return False

    def holder(self, numbers: Collection[str]) -> str:
        """Return a process that has one of some devices ("8:16") open, as "name (id)"; empty if none has."""
        for place in self.proc.glob("[0-9]*/fd/*"):
            try:
                number = place.stat().st_rdev
            except OSError:  # closed since, or not ours to see
                continue
            if f"{os.major(number)}:{os.minor(number)}" in numbers:
                process = place.parent.parent
                return f"{text_of(process / 'comm') or 'a process'} ({process.name})"
        return ""

    def drop_multipath(self, name: str) -> str:
        """Take a multipath device away; return what its program complains about, nothing if it does not."""
        command = ["multipath", "-f", name]
        try:
            done = subprocess.run(  # noqa: S603 - a name from the kernel, and no shell
                command, capture_output=True, text=True, timeout=_PROGRAM_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the program multipath cannot be run: {error}"
        return (done.stderr or done.stdout).strip() or f"status {done.returncode}" if done.returncode else ""
