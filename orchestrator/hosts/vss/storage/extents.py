"""VOLUME_DISK_EXTENTS: on which disks a volume lies (winioctl.h)."""

from __future__ import annotations

import struct
from typing import Final

# A count, padded; then for each extent the disk's number, padded, its start and its length.
_COUNT: Final = struct.Struct("<I4x")
_EXTENT: Final = struct.Struct("<I4xqq")


def disks_of(answer: bytes) -> tuple[int, ...] | None:
    """Return the numbers of the disks, each once, in their order; None if the answer is cut short."""
    if len(answer) < _COUNT.size:
        return None
    (count,) = _COUNT.unpack_from(answer)
    if count == 0 or count > (len(answer) - _COUNT.size) // _EXTENT.size:
        return None
    found = (_EXTENT.unpack_from(answer, _COUNT.size + index * _EXTENT.size)[0] for index in range(count))
    return tuple(dict.fromkeys(found))
