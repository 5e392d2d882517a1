"""Records of the $MFT and other guarded blocks, as the Linux-NTFS project documents them. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

STRIDE: Final = 512
HEADER: Final = struct.Struct("<4sHHQHHHHIIQ")
FILE: Final = b"FILE"
IN_USE: Final = 1
NUMBER: Final = 0xFFFFFFFFFFFF
END: Final = 0xFFFFFFFF

FILE_NAME: Final = 0x30
VOLUME_INFORMATION: Final = 0x70
# In $FILE_NAME: reference of the folder; number of UTF-16 units and kind of the name; the name.
NAME_HEAD: Final = struct.Struct("<Q56xBB")
# The short name that goes with a long one.
DOS_ALONE: Final = 2


class FileName(NamedTuple):
    """One name of a file: reference of the folder that it is in, and the name."""

    folder: int
    name: str


def unsealed(block: bytes) -> bytes | None:
    """Return a block with the ends of its sectors put back; None if a part of it was not written."""
    if len(block) < STRIDE:
        return None
    at, count = struct.unpack_from("<HH", block, 4)
    if not 1 < count <= len(block) // STRIDE + 1 or at + 2 * count > STRIDE:
        return None
    data = bytearray(block)
    mark = block[at : at + 2]
    for sector in range(1, count):
        end = sector * STRIDE
        if data[end - 2 : end] != mark:
            return None
        data[end - 2 : end] = block[at + 2 * sector : at + 2 * sector + 2]
    return bytes(data)


def resident_values(record: bytes, wanted: int) -> Iterator[bytes]:
    """Yield the values of one type that lie in an unsealed record."""
    at = HEADER.unpack_from(record)[6]
    while at + 24 <= len(record):
        kind, length, nonresident = struct.unpack_from("<IIB", record, at)
        if kind == END or length < 24:
            return
        if kind == wanted and not nonresident:
            size, value_at = struct.unpack_from("<IH", record, at + 16)
            yield record[at + value_at : min(at + value_at + size, at + length)]
        at += length


def file_names(record: bytes) -> Iterator[FileName]:
    """Yield the names of a file in an unsealed record, without the short ones of long names."""
    for value in resident_values(record, FILE_NAME):
        if len(value) < NAME_HEAD.size:
            continue
        folder, units, kind = NAME_HEAD.unpack_from(value)
        if kind != DOS_ALONE:
            encoded = value[NAME_HEAD.size : NAME_HEAD.size + 2 * units]
            # Half a pair of UTF-16 is a legal name: it is kept apart from all others, and can be shown.
            yield FileName(folder, encoded.decode("utf-16-le", "backslashreplace"))
