"""A GUID partition table with one basic-data partition (UEFI specification 2.10, chapter 5)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Final
from uuid import UUID

BASIC_DATA: Final = UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
ENTRIES: Final = 128
ENTRY: Final = struct.Struct("<16s16sQQQ72s")
HEADER: Final = struct.Struct("<8sIIIIQQQQ16sQIII")
NAME: Final = "Basic data partition"

# Windows aligns at 64 KiB on small disks and at 1 MiB on others.
SMALL_DISK: Final = 4 << 30


def write_partition_table(
    write: Callable[[int, bytes], None], size_bytes: int, sector_bytes: int, identity: UUID
) -> tuple[int, int]:
    """Write both copies of the table, and the protective MBR.

    Returns:
        First byte of the partition, and its length in bytes.
    """
    last = size_bytes // sector_bytes - 1
    table_sectors = ENTRIES * ENTRY.size // sector_bytes
    first_usable, last_usable = 2 + table_sectors, last - 1 - table_sectors
    first = ((64 << 10) if size_bytes < SMALL_DISK else (1 << 20)) // sector_bytes
    first = max(first, first_usable)
    entry = ENTRY.pack(
        BASIC_DATA.bytes_le,
        UUID(int=identity.int ^ 1).bytes_le,
        first,
        last_usable,
        0,
        NAME.encode("utf-16-le"),
    )
    table = entry.ljust(ENTRIES * ENTRY.size, b"\0")
    write(0, _protective_mbr(last).ljust(sector_bytes, b"\0"))
    for own, other, table_at in ((1, last, 2), (last, 1, last_usable + 1)):
        fields = (own, other, first_usable, last_usable, identity.bytes_le, table_at, ENTRIES, ENTRY.size)
        header = _header(0, fields, zlib.crc32(table))
        header = _header(zlib.crc32(header), fields, zlib.crc32(table))
        write(own * sector_bytes, header.ljust(sector_bytes, b"\0"))
        write(table_at * sector_bytes, table)
    return first * sector_bytes, (last_usable - first + 1) * sector_bytes


def _header(checksum: int, fields: tuple[int, int, int, int, bytes, int, int, int], table: int) -> bytes:
    return HEADER.pack(b"EFI PART", 0x10000, HEADER.size, checksum, 0, *fields, table)


def _protective_mbr(last: int) -> bytes:
    # One partition of type 0xEE over everything, as far as 32 bits reach.
    entry = struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff\xff\xff", 1, min(last, 0xFFFFFFFF))
    return (bytes(446) + entry).ljust(510, b"\0") + b"\x55\xaa"
