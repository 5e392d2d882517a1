"""Loop devices that somebody has put over files of the lab: a provider that shows clones, say."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.hosts.linux.loop_file import LOOP_GET_STATUS64

LOOP_CLR_FD: Final = 0x4C01  # linux/loop.h
_STATUS: Final = struct.Struct("=QQ216x")  # struct loop_info64, of which device and inode come first


class Backing(NamedTuple):
    """Which file a loop device lies on, by the kernel's note: its path is lost once that is unmounted."""

    device: int
    inode: int


Loops = Mapping[Path, Backing]


def loops_under(folder: Path) -> Loops:
    """Return the loop devices over files below a folder, as this process sees their paths."""
    found: dict[Path, Backing] = {}
    for entry in Path("/sys/block").glob("loop*/loop/backing_file"):
        with suppress(OSError):  # it has gone meanwhile
            if folder in Path(entry.read_text(encoding="utf-8").strip()).parents:
                device = Path("/dev", entry.parts[3])
                with _opened(device) as descriptor:
                    found[device] = _backing(descriptor)
    return found


def detach(loops: Loops) -> None:
    """Detach loop devices that still are what they were; one in use goes with its last user."""
    for device, backing in loops.items():
        with suppress(OSError), _opened(device) as descriptor:
            if _still(backing, descriptor):
                fcntl.ioctl(descriptor, LOOP_CLR_FD, 0)


def _still(backing: Backing, descriptor: int) -> bool:
    try:
        return _backing(descriptor) == backing
    except OSError as error:
        return error.errno == errno.ENOTCONN  # the daemon behind that file has ended


def _backing(descriptor: int) -> Backing:
    return Backing(*_STATUS.unpack(fcntl.ioctl(descriptor, LOOP_GET_STATUS64, bytes(_STATUS.size))))


@contextmanager
def _opened(device: Path) -> Iterator[int]:
    descriptor = os.open(device, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
