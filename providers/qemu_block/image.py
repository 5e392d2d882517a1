"""The head of a qcow2 file: which file it lies on, and whether anything was ever written to it. Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

# docs/interop/qcow2.txt: magic, version, backing_file_offset, backing_file_size, cluster_bits, size,
# crypt_method, l1_size, l1_table_offset; all big-endian.
_HEAD: Final = struct.Struct(">4sIQIIQIIQ")
_MAGIC: Final = b"QFI\xfb"

HEAD_BYTES: Final = 64 << 10  # the first cluster, as we make them: it holds the backing file's name too
L1_ENTRY_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class ImageHead:
    """What the head says.

    Attributes:
        backing_file: the file below; empty for none.
        size_bytes: of the disk inside.
        l1_offset: where the table of tables of clusters lies.
        l1_bytes: how long it is.
    """

    backing_file: str
    size_bytes: int
    l1_offset: int
    l1_bytes: int

    @classmethod
    def parse(cls, raw: bytes) -> ImageHead:
        """Read it.

        Raises:
            ValueError: it is no qcow2 image, or it was not written to its end.
        """
        if len(raw) < _HEAD.size:
            raise ValueError("too short for a qcow2 image")
        magic, _, name_at, name_bytes, _, size_bytes, _, l1_entries, l1_at = _HEAD.unpack_from(raw)
        name = raw[name_at : name_at + name_bytes]
        if magic != _MAGIC or len(name) != name_bytes:
            raise ValueError("not a qcow2 image")
        return cls(name.decode(), size_bytes, l1_at, l1_entries * L1_ENTRY_BYTES)


def holds_data(l1_table: bytes) -> bool:
    """Tell from its table whether anything was written to an image: an empty one equals what it lies on."""
    return any(l1_table)
