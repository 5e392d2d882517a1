"""How a store's files and folders are called, and which of our words they stand for. No I/O.

<store>/luns/<LUN file>                    an array volume
<store>/.quiesce/store.json                who the store is
<store>/.quiesce/<stem>.armed/<LUN file>   an empty file that waits for the cut
<store>/.quiesce/<stem>.cut/<LUN file>     a replica
<store>/.quiesce/<stem>.cut/luns/<LUN file>  a replica in a snapshot of the whole subvolume (btrfs)
<store>/.quiesce/<stem>.void-<inode>/      no cut any more, and being removed
<store>/.quiesce/<stem>-clones/<LUN file>  a clone
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ObjectKind, ObjectState
from orchestrator.model.names import ObjectNames

LUNS: Final = "luns"
PRIVATE: Final = ".quiesce"
IDENTITY: Final = "store.json"

# Extended attributes, set before a file gets its name. What lacks them in a folder of ours is a stranger's.
SOURCE_MARK: Final = "user.quiesce.source"
REPLICA_MARK: Final = "user.quiesce.replica"

_STEM: Final = r"qsc-[a-z0-9]+-[a-z0-9]+-[0-9]+"
_FOLDER: Final = re.compile(rf"({_STEM})(\.armed|\.cut|\.void-[0-9]+|-clones)")
_CLONE: Final = re.compile(rf"({_STEM}-clones)/([^/]+)")
_REPLICA: Final = re.compile(rf"({_STEM}\.cut)/({LUNS}/)?([^/]+)")

# A serial number that fits a virtio disk (20 bytes) and a SCSI logical unit.
_SERIAL_LETTERS: Final = 20
_SERIAL_PREFIX: Final = "QSC"


@dataclass(frozen=True, slots=True)
class FolderNames:
    """The folders of one attempt."""

    stem: str

    @classmethod
    def of(cls, names: ObjectNames) -> FolderNames:
        """Return the folders of an attempt.

        Raises:
            ArrayRejected: its name is none that we would have made, and might lead out of the store.
        """
        if re.fullmatch(_STEM, names.stem) is None:
            raise ArrayRejected("it is no name of an attempt", subject=names.stem)
        return cls(names.stem)

    @property
    def armed(self) -> str:
        """Where empty files wait for the cut."""
        return f"{self.stem}.armed"

    @property
    def cut(self) -> str:
        """Where they are found after it."""
        return f"{self.stem}.cut"

    @property
    def clones(self) -> str:
        """Where clones are."""
        return f"{self.stem}-clones"

    def void(self, inode: int) -> str:
        """Where a folder goes that is no cut and cannot become one any more."""
        return f"{self.stem}.void-{inode}"

    def is_void(self, name: str) -> bool:
        """Tell whether a folder is one of those."""
        return name.startswith(f"{self.stem}.void-") and folder_of_ours(name) is not None


@dataclass(frozen=True, slots=True)
class FolderOfOurs:
    """What the name of a folder says."""

    stem: str
    kind: ObjectKind
    state: ObjectState


def folder_of_ours(name: str) -> FolderOfOurs | None:
    """Return what a folder is, None if no attempt of any installation has folders of this name."""
    match = _FOLDER.fullmatch(name)
    if match is None:
        return None
    stem, ending = match.groups()
    kind = {".cut": ObjectKind.CUT, "-clones": ObjectKind.CLONE}.get(ending, ObjectKind.CONSISTENCY_GROUP)
    state = ObjectState.VOID_PENDING if ending.startswith(".void") else ObjectState.LIVE
    return FolderOfOurs(stem, kind, state)


def replica_path(replica_name: str) -> tuple[str, str, str] | None:
    """Split the name of a replica into folder, folder inside it, and file; None if it is no replica's."""
    match = _REPLICA.fullmatch(replica_name)
    if match is None or match[3] in (".", ".."):
        return None
    return match[1], (match[2] or "").rstrip("/"), match[3]


def clone_path(clone_name: str) -> tuple[str, str] | None:
    """Split the name of a clone into folder and file; None if it is no clone's."""
    match = _CLONE.fullmatch(clone_name)
    return None if match is None or match[2] in (".", "..") else (match[1], match[2])


def lun_id_of(status: os.stat_result) -> str:
    """Return the identity that the host sees of a device that is backed by this file."""
    return f"file.{os.major(status.st_dev)}:{os.minor(status.st_dev)}-{status.st_ino}"


def serial_of(array_id: str, name: str) -> str:
    """Return the serial number to give a disk or LUN that is served from this file by another program."""
    digest = hashlib.sha256(f"{array_id}/{name}".encode(errors="surrogateescape")).hexdigest()
    return (_SERIAL_PREFIX + digest.upper())[:_SERIAL_LETTERS]


def serial_lun_id(serial: str) -> str:
    """Return the identity that a host sees of a disk with this serial number."""
    return f"serial.{serial}"


def store_folder(path: str) -> Path | None:
    """Return the folder that the path of a `file:` address names; None unless it is absolute and plain."""
    folder = Path(path)
    if not folder.is_absolute() or ".." in folder.parts or "\0" in path:
        return None
    return folder
