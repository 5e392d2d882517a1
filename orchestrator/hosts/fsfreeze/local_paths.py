"""On which of this machine's file systems a path lies. Blocking."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.mounts import read_mounts
from orchestrator.hosts.linux.survey import HostFileSystem

MOUNT_ID: Final = re.compile(r"^mnt_id:\s*(\d+)$", re.MULTILINE)


def volumes_under(paths: Sequence[Path], file_systems: Sequence[HostFileSystem]) -> Mapping[Path, str]:
    """Return the names of the host volumes that paths lie on, where they lie on any of these.

    A path that does not exist lies where its nearest parent does. Asked by mount, not by `st_dev`: a folder
    of btrfs that is a subvolume has a number of its own, which no mount point has.
    """
    mount_points = {str(mount.mount_id): mount.mount_point for mount in read_mounts(Path("/"))}
    names = {place: one.volume.name for one in file_systems for place in one.volume.mount_points}
    found = {path: names.get(mount_points.get(_mount_id(path), "")) for path in paths}
    return {path: name for path, name in found.items() if name is not None}


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
