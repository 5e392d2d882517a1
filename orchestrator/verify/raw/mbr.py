"""Partition tables of the old kind: four entries, and a chain of further ones inside extended partitions."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrator.verify.positional_reads import PositionalReader

ENTRIES_AT: Final = 446
ENTRY: Final = struct.Struct("<B3sB3sII")
ENTRIES: Final = 4
MARK: Final = b"\x55\xaa"
EXTENDED: Final = frozenset({0x05, 0x0F, 0x85})
PROTECTIVE: Final = 0xEE
DYNAMIC: Final = 0x42
# A chain is as long as a disk has logical partitions; Windows gives them letters.
LONGEST_CHAIN: Final = 64
SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class MbrEntry:
    """A partition in sectors, its number as Linux counts (logical ones from 5 on), and its type."""

    number: int
    first: int
    sectors: int
    kind: int


def read_mbr(reader: PositionalReader, sector_bytes: int) -> tuple[MbrEntry, ...]:
    """Return all partitions of a table, none if there is no table. Endless chains are cut off."""
    found: list[MbrEntry] = []
    logical = 5
    for number, entry in enumerate(_entries(reader, 0), 1):
        if entry.kind in EXTENDED:
            chain = list(_logical(reader, entry.first, sector_bytes))
            found += [
                MbrEntry(logical + at, each.first, each.sectors, each.kind) for at, each in enumerate(chain)
            ]
            logical += len(chain)
        elif entry.kind and entry.sectors:
            found.append(MbrEntry(number, entry.first, entry.sectors, entry.kind))
    return tuple(found)


def _entries(reader: PositionalReader, offset: int) -> list[MbrEntry]:
    block = reader.bytes_at(offset, SECTOR)
    if block[510:512] != MARK:
        return []
    rows = (ENTRY.unpack_from(block, ENTRIES_AT + at * ENTRY.size) for at in range(ENTRIES))
    return [MbrEntry(at, first, sectors, kind) for at, (_, _, kind, _, first, sectors) in enumerate(rows)]


def _logical(reader: PositionalReader, base: int, sector_bytes: int) -> Iterator[MbrEntry]:
    """Walk a chain: each link names one partition, counted from itself, and the next link, from the base."""
    link, seen = base, set[int]()
    while link not in seen and len(seen) < LONGEST_CHAIN:
        seen.add(link)
        entries = _entries(reader, link * sector_bytes)
        following = None
        for entry in entries[:2]:
            if entry.kind in EXTENDED:
                following = base + entry.first
            elif entry.kind and entry.sectors:
                yield MbrEntry(0, link + entry.first, entry.sectors, entry.kind)
        if following is None:
            return
        link = following
