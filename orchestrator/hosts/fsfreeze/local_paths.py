"""Which of this machine's file systems a path needs. Blocking."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.mounts import read_mounts
from orchestrator.hosts.linux.survey import HostFileSystem

# The LUN identity of a loop device: device and inode of its file.
FILE_LUN: Final = re.compile(r"file\.(\d+):(\d+)-\d+")
MOUNT_ID: Final = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


def volumes_under(
    paths: Sequence[Path], file_systems: Sequence[HostFileSystem]
) -> Mapping[Path, Sequence[str]]:
    """Return the names of the host volumes that paths lie on, where they lie on any of these.

    The one that a path lies on comes first, then that on which the image of it lies, and so on down: a write
    to a file system on a loop device waits for the file system of the device's file. A path that does not
    exist lies where its nearest parent does. Asked by mount, not by `st_dev`: a folder of btrfs that is a
    subvolume has a number of its own, which no mount point has.
    """
    mount_points = {str(mount.mount_id): mount.mount_point for mount in read_mounts(Path("/"))}
    names = {place: one.volume.name for one in file_systems for place in one.volume.mount_points}
    found = {path: names.get(mount_points.get(_mount_id(path), "")) for path in paths}
    return {path: _with_those_below(name, file_systems) for path, name in found.items() if name is not None}


def _with_those_below(name: str, file_systems: Sequence[HostFileSystem]) -> Sequence[str]:
    by_name = {one.volume.name: one for one in file_systems}
    by_device = {st_dev: one.volume.name for one in file_systems for st_dev in one.st_devs.values()}
    found = [name]
    for each in found:  # which grows meanwhile
        lun_ids = (lun_id for lun in by_name[each].volume.luns for lun_id in lun.lun_ids)
        files = filter(None, map(FILE_LUN.fullmatch, lun_ids))
        below = (by_device.get(os.makedev(int(file[1]), int(file[2]))) for file in files)
        found += dict.fromkeys(one for one in below if one is not None and one not in found)
    return found


def _mount_id(path: Path) -> str:
    """Return the kernel's number of the mount that a path leads to, see proc(5), fdinfo."""
    there = path.absolute()
    while True:
        try:
            descriptor = os.open(there, os.O_PATH)
        except (FileNotFoundError, NotADirectoryError):
            there = there.parent
            continue
        try:
            told = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
        finally:
            os.close(descriptor)
        found = MOUNT_ID.search(told)
        return found[1] if found else ""
