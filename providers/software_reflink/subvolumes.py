"""Subvolumes of btrfs: one snapshot of a whole subvolume is atomic across all of its files. Blocks.

Numbers and layouts are those of linux/btrfs.h.
"""

from __future__ import annotations

import fcntl
import os
import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_SYNC: Final = 0x9408  # _IO(0x94, 8)
_SNAP_DESTROY: Final = 0x5000940F  # _IOW(0x94, 15, struct btrfs_ioctl_vol_args)
_SNAP_CREATE_V2: Final = 0x50009417  # _IOW(0x94, 23, struct btrfs_ioctl_vol_args_v2)
_GET_SUBVOL_INFO: Final = 0x81F8943C  # _IOR(0x94, 60, struct btrfs_ioctl_get_subvol_info_args)

_READ_ONLY: Final = 1 << 1  # BTRFS_SUBVOL_RDONLY, in requests
_ROOT_READ_ONLY: Final = 1 << 0  # BTRFS_ROOT_SUBVOL_RDONLY, in answers
_ROOT_INODE: Final = 256  # BTRFS_FIRST_FREE_OBJECTID: the top folder of every subvolume

_VOL_ARGS: Final = struct.Struct("=q4088s")
_VOL_ARGS_V2: Final = struct.Struct("=qQQ32x4040s")
_INFO_BYTES: Final = 504
_INFO_FLAGS: Final = struct.Struct("=Q")
_INFO_FLAGS_AT: Final = 288
_INFO_UUID_AT: Final = 296
_INFO_PARENT_UUID_AT: Final = 312
_INFO_OTIME: Final = struct.Struct("=QI")
_INFO_OTIME_AT: Final = 392


@dataclass(frozen=True, slots=True)
class Subvolume:
    """What btrfs knows of a subvolume.

    Attributes:
        uuid: never given to another one.
        parent_uuid: of the subvolume it is a snapshot of; all zeros if it is none.
        read_only: whether it is sealed.
        made_at_ns: since the epoch, on the clock that stamps files.
    """

    uuid: UUID
    parent_uuid: UUID
    read_only: bool
    made_at_ns: int


def is_subvolume(folder: int) -> bool:
    """Tell whether an open folder of a btrfs is the top of a subvolume."""
    return os.fstat(folder).st_ino == _ROOT_INODE


def look_at(folder: int) -> Subvolume:
    """Return what btrfs knows of the subvolume that an open folder is the top of."""
    answer = bytearray(_INFO_BYTES)
    fcntl.ioctl(folder, _GET_SUBVOL_INFO, answer)
    (flags,) = _INFO_FLAGS.unpack_from(answer, _INFO_FLAGS_AT)
    seconds, nanoseconds = _INFO_OTIME.unpack_from(answer, _INFO_OTIME_AT)
    return Subvolume(
        uuid=_uuid(answer, _INFO_UUID_AT),
        parent_uuid=_uuid(answer, _INFO_PARENT_UUID_AT),
        read_only=bool(flags & _ROOT_READ_ONLY),
        made_at_ns=seconds * 1_000_000_000 + nanoseconds,
    )


def flush(folder: int) -> None:
    """Write out what the file system has changed so far, so that the next snapshot has little to write."""
    fcntl.ioctl(folder, _SYNC)


def cut_subvolume(source: int, into: int, name: str) -> None:
    """Make a read-only snapshot of the subvolume that `source` is the top of.

    Raises:
        FileExistsError: the name is taken.
        OSError: any other reason; ENOSPC when the file system is full.
    """
    _call(into, _SNAP_CREATE_V2, _VOL_ARGS_V2.pack(source, 0, _READ_ONLY, os.fsencode(name)))


def destroy_subvolume(inside: int, name: str) -> None:
    """Remove a subvolume with everything in it. Its blocks come free a little later.

    Raises:
        FileNotFoundError: there is none of this name.
        OSError: any other reason.
    """
    _call(inside, _SNAP_DESTROY, _VOL_ARGS.pack(0, os.fsencode(name)))


def _call(folder: int, request: int, packed: bytes) -> None:
    fcntl.ioctl(folder, request, bytearray(packed))  # Python takes no more than 1024 immutable bytes


def _uuid(answer: bytearray, at: int) -> UUID:
    return UUID(bytes=bytes(answer[at : at + 16]))
