"""Records of the $MFT and blocks of an index: headers, and the update sequence that guards their sectors."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.ntfs.geometry import INDEX_BLOCK, STRIDE

FILE: Final = struct.Struct("<4sHHQHHHHIIQH2xI")
INDEX: Final = struct.Struct("<4sHHQQIIIB3x")
END: Final = b"\xff\xff\xff\xff\0\0\0\0"

IN_USE: Final = 1
FOLDER: Final = 2
IN_EXTEND: Final = 4
VIEW_INDEX: Final = 8

FILE_SEQUENCE_AT: Final = 48
INDEX_SEQUENCE_AT: Final = 40
INDEX_HEADER_AT: Final = 24
INDEX_ENTRIES_AT: Final = 64
INDEX_CAPACITY: Final = INDEX_BLOCK - INDEX_ENTRIES_AT
# What is written once in a sector can be anything but 0, which old drivers take for "never sealed".
LAST_SEAL: Final = 0xFFFE


class RecordTooLong(ValueError):
    """The attributes do not fit into a record."""


@dataclass(slots=True)
class Seal:
    """Counts how often one record or block was written."""

    number: int = 0

    def close(self, block: bytearray, at: int) -> bytes:
        """Move the end of each sector into the update sequence and put this writing's number there."""
        self.number = self.number % LAST_SEAL + 1
        mark = self.number.to_bytes(2, "little")
        block[at : at + 2] = mark
        for end in range(STRIDE, len(block) + 1, STRIDE):
            at += 2
            block[at : at + 2] = block[end - 2 : end]
            block[end - 2 : end] = mark
        return bytes(block)


def attributes_at(record_bytes: int) -> int:
    """Return where the first attribute of a record begins."""
    return FILE_SEQUENCE_AT + (2 * (record_bytes // STRIDE + 1) + 7) // 8 * 8


def file_record(
    number: int,
    sequence: int,
    flags: int,
    attributes: Sequence[bytes],
    record_bytes: int,
    seal: Seal,
    *,
    links: int = 1,
) -> bytes:
    """Return a sealed record.

    Raises:
        RecordTooLong: the attributes do not fit.
    """
    first = attributes_at(record_bytes)
    body = b"".join(attributes) + END
    if first + len(body) > record_bytes:
        raise RecordTooLong(f"record {number} would need {first + len(body)} bytes")
    record = bytearray(record_bytes)
    FILE.pack_into(
        record,
        0,
        b"FILE",
        FILE_SEQUENCE_AT,
        record_bytes // STRIDE + 1,
        0,
        sequence,
        links,
        first,
        flags,
        first + len(body),
        record_bytes,
        0,
        len(attributes),
        number,
    )
    record[first : first + len(body)] = body
    return seal.close(record, FILE_SEQUENCE_AT)


def index_block(vcn: int, entries: Sequence[bytes], seal: Seal) -> bytes:
    """Return a sealed leaf of an index; the entries are in order and end with the one that marks the end."""
    body = b"".join(entries)
    block = bytearray(INDEX_BLOCK)
    INDEX.pack_into(
        block,
        0,
        b"INDX",
        INDEX_SEQUENCE_AT,
        INDEX_BLOCK // STRIDE + 1,
        0,
        vcn,
        INDEX_ENTRIES_AT - INDEX_HEADER_AT,
        INDEX_ENTRIES_AT - INDEX_HEADER_AT + len(body),
        INDEX_BLOCK - INDEX_HEADER_AT,
        0,
    )
    block[INDEX_ENTRIES_AT : INDEX_ENTRIES_AT + len(body)] = body
    return seal.close(block, INDEX_SEQUENCE_AT)
