"""Files of a store, opened and known by ids that no other file ever has. Blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.model.arrays import ArrayVolume
from providers.software_reflink import kernel
from providers.software_reflink.mapping import lun_id_of

_CAREFULLY: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A regular file of a store.

    Attributes:
        path: where it is now.
        name: what the array calls it: below `luns`, or below `.quiesce`.
        file_id: never another file's, whatever becomes of its name: inode number and generation.
        status: as `fstat` gave it.
        ours: whether it lies below `.quiesce`.
    """

    path: Path
    name: str
    file_id: str
    status: os.stat_result
    ours: bool = False

    @property
    def array_volume(self) -> ArrayVolume:
        """Return the array volume that this file is."""
        return ArrayVolume(self.file_id, self.name, lun_id_of(self.status), self.status.st_size, self.ours)


@contextmanager
def opened(path: Path | str, *, folder: int | None = None, flags: int = os.O_RDONLY) -> Iterator[int]:
    """Open a file for the length of the block. Symbolic links are not followed."""
    descriptor = os.open(path, flags | _CAREFULLY, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_folder(path: Path | str, *, folder: int | None = None) -> int:
    """Open a folder. A symbolic link is none."""
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | _CAREFULLY, dir_fd=folder)


def file_id(descriptor: int, kind: str = "lun") -> str:
    """Return the id of an open file."""
    return f"{kind}-{os.fstat(descriptor).st_ino}-{kernel.generation(descriptor)}"


def look_at(path: Path, name: str, kind: str = "lun", *, ours: bool = False) -> StoredFile | None:
    """Return what a path leads to; None if that is no regular file, or cannot be read."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None  # not even opened: a device might do something then
        with opened(path) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            return StoredFile(path, name, file_id(descriptor, kind), status, ours)
    except OSError:
        return None


def mark_of(file: Path | int, mark: str) -> str:
    """Return what a mark of ours says, empty if the file does not bear it."""
    try:
        return os.getxattr(file, mark).decode(errors="replace")
    except OSError:
        return ""


def make_nameless(folder: int, mode: int = 0o600) -> int:
    """Open a new file that has no name yet: whatever happens before it gets one, nothing is left of it."""
    return os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, mode, dir_fd=folder)


def give_name(descriptor: int, folder: int, name: str) -> None:
    """Give a nameless file its name.

    Raises:
        FileExistsError: the name is taken; nothing is replaced.
    """
    os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder, follow_symlinks=True)


def sync_folder(path: Path) -> None:
    """Make what was named, renamed or removed in a folder durable."""
    descriptor = open_folder(path)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
