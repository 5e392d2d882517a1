"""GUID partition tables (UEFI specification 2.10, chapter 5). Reads both copies, trusts the first good."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from orchestrator.verify.positional_reads import PositionalReader

HEADER: Final = struct.Struct("<8sIIIIQQQQ16sQIII")
SIGNATURE: Final = b"EFI PART"
# The specification asks for 128 entries of 128 bytes at least; disks with more than 1024 are not made.
MOST_ENTRIES: Final = 1024
LARGEST_ENTRY: Final = 4096

TYPES: Final = {
    UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"): "an EFI system partition",
    UUID("e3c9e316-0b5c-4db8-817d-f92df00215ae"): "a partition that Microsoft keeps for itself",
    UUID("5808c8aa-7e8f-42e0-85d2-e1e90434cfb3"): "metadata of dynamic disks",
    UUID("af9b60a0-1431-4f62-bc68-3311714a69ad"): "a part of a dynamic disk",
    UUID("e75caf8f-f680-4cee-afa3-b001e56efc2d"): "a part of a storage pool (Storage Spaces)",
    UUID("e6d6d379-f507-44c2-a23c-238f2a3df928"): "a physical volume of LVM",
}
UNUSED: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class GptEntry:
    """A partition: bytes of the device, and what its type says of it (empty for ordinary data)."""

    number: int
    start: int
    length: int
    kind: str


@dataclass(frozen=True, slots=True)
class Gpt:
    """A table. `damaged` names the copies that are not good, and is empty if both are."""

    entries: tuple[GptEntry, ...]
    damaged: str = ""


def read_gpt(reader: PositionalReader, sector_bytes: int) -> Gpt | None:
    """Return the table of a device with sectors of this size; None if neither copy is good."""
    last = reader.size_bytes // sector_bytes - 1
    primary = _read_copy(reader, sector_bytes, 1)
    backup = _read_copy(reader, sector_bytes, last)
    if primary is not None:
        return Gpt(primary, "" if backup is not None else "the copy at the end")
    return None if backup is None else Gpt(backup, "the one at the start")


def _read_copy(reader: PositionalReader, sector_bytes: int, sector: int) -> tuple[GptEntry, ...] | None:
    if sector < 1:
        return None
    block = reader.bytes_at(sector * sector_bytes, sector_bytes)
    if len(block) < HEADER.size or not block.startswith(SIGNATURE):
        return None
    _, _, size, checksum, _, own, _, _, _, _, table, count, entry_bytes, table_checksum = HEADER.unpack_from(
        block
    )
    if not HEADER.size <= size <= len(block) or own != sector:
        return None
    if zlib.crc32(block[:16] + bytes(4) + block[20:size]) != checksum:
        return None
    if count > MOST_ENTRIES or not 128 <= entry_bytes <= LARGEST_ENTRY:
        return None
    rows = reader.bytes_at(table * sector_bytes, count * entry_bytes) if table else b""
    if len(rows) != count * entry_bytes or zlib.crc32(rows) != table_checksum:
        return None
    found = (
        _entry(at + 1, rows[at * entry_bytes : (at + 1) * entry_bytes], sector_bytes) for at in range(count)
    )
    return tuple(entry for entry in found if entry is not None)


def _entry(number: int, row: bytes, sector_bytes: int) -> GptEntry | None:
    kind = UUID(bytes_le=row[:16])
    first, last = struct.unpack_from("<QQ", row, 32)
    if kind == UNUSED or last < first:
        return None
    length = (last - first + 1) * sector_bytes
    return GptEntry(number, first * sector_bytes, length, TYPES.get(kind, ""))
