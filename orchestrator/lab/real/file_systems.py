"""File systems that the lab makes itself, on loop devices, and takes away again: the only ones it freezes."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.hosts.linux.mounts import Mount, read_mounts

MKFS: Final = {
    "ext4": ("mkfs.ext4", "-q", "-F"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-m", "reflink=1"),
    "btrfs": ("mkfs.btrfs", "-q", "-f"),
}
# XFS refuses less; a sparse file costs nothing.
SMALLEST_BYTES: Final = {"ext4": 16 << 20, "xfs": 300 << 20, "btrfs": 128 << 20}

# Whoever does not only look in is still there after this.
LOOKED_IN_S: Final = 5.0
AGAIN_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class LabFileSystem:
    """One that is mounted."""

    kind: str
    image: Path
    device: str
    mount_point: Path


@contextmanager
def made_file_system(
    kind: str, image: Path, mount_point: Path, size_bytes: int = 0
) -> Iterator[LabFileSystem]:
    """Make a file system in a new sparse file, mount it, and take everything but the file away again.

    Raises:
        HostError: `lab.command-failed`.
    """
    image.parent.mkdir(parents=True, exist_ok=True)
    with image.open("xb") as file:
        file.truncate(max(size_bytes, SMALLEST_BYTES[kind]))
    with file_system_on(kind, image, mount_point) as made:
        yield made


@contextmanager
def file_system_on(kind: str, lun: Path, mount_point: Path) -> Iterator[LabFileSystem]:
    """Make a file system in a file that is there already, and mount it for the length of the block.

    Raises:
        HostError: `lab.command-failed`.
    """
    run(*MKFS[kind], str(lun))
    with mounted_file(lun, mount_point) as device:
        yield LabFileSystem(kind, lun, device, mount_point)


@contextmanager
def mounted_file(file: Path, mount_point: Path, *options: str) -> Iterator[str]:
    """Mount a file over a loop device for the length of the block, and yield the device.

    The kernel detaches the device with the last mount of it, even when nobody is left to ask for that.
    """
    with mounted(str(file), mount_point, "loop", *options):
        yield next(each.source for each in reversed(_mounts()) if each.mount_point == str(mount_point))


@contextmanager
def loop_device(file: Path, *, read_only: bool = False) -> Iterator[str]:
    """Put a loop device over a file for the length of the block."""
    options = ("--read-only",) if read_only else ()
    device = run("losetup", "--find", "--show", *options, str(file)).strip()
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def mounted(device: str, mount_point: Path, *options: str) -> Iterator[Path]:
    """Mount a device (with the option `loop`: a file) for the length of the block; thaw, then unmount.

    A file system unmounted while frozen stays frozen for whoever mounts it next.
    """
    mount_point.mkdir(parents=True, exist_ok=True)
    run("mount", *(("-o", ",".join(options)) if options else ()), device, str(mount_point))
    try:
        check_own(mount_point)
        yield mount_point
    finally:
        thaw(mount_point)
        _unmount(mount_point)


def _unmount(mount_point: Path) -> None:
    """Unmount. Whoever looks in for a moment, as a survey of this machine does, is waited for."""
    until_s = time.monotonic() + LOOKED_IN_S
    while True:
        try:
            run("umount", str(mount_point))
            return
        except HostError as error:
            if "busy" not in error.what or time.monotonic() > until_s:
                raise
        time.sleep(AGAIN_S)


def thaw(mount_point: Path) -> bool:
    """Thaw a mount point of the lab's own, and tell whether it was frozen."""
    check_own(mount_point)
    descriptor = os.open(mount_point, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return ioctl.thaw(descriptor)
    finally:
        os.close(descriptor)


def check_own(mount_point: Path) -> None:
    """Refuse a folder on which nothing is mounted: what happened to it would happen to the machine's own.

    Raises:
        BadInput: `lab.not-our-file-system`.
    """
    ours = mount_point.stat().st_dev
    if ours in {Path(place).stat().st_dev for place in ("/", tempfile.gettempdir())}:
        what = "nothing is mounted there: it lies on the machine's own file system"
        raise BadInput("lab.not-our-file-system", what, subject=str(mount_point))


def mount_points_under(folder: Path) -> list[Path]:
    """Return where anything is mounted below a folder, the latest first: the order to unmount them in."""
    places = [Path(each.mount_point) for each in reversed(_mounts())]
    return [place for place in places if folder in place.parents]


def _mounts() -> tuple[Mount, ...]:
    return read_mounts(Path("/"))


def run(*command: str) -> str:
    """Run a system program and return what it printed.

    Raises:
        HostError: `lab.command-failed`, with what it complained of.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            start_new_session=True,  # Ctrl-C in a terminal must not strike an umount as well
        )
    except FileNotFoundError:
        raise HostError("lab.command-failed", "it is not installed", subject=command[0]) from None
    except subprocess.CalledProcessError as error:
        raise HostError("lab.command-failed", error.stderr.strip(), subject=" ".join(command)) from None
    return done.stdout
