"""Finds the file systems of a disk: through either kind of partition table, or on the bare device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orchestrator.model.verification import ContentFinding, Place, Severity
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.gpt import read_gpt
from orchestrator.verify.raw.mbr import DYNAMIC, PROTECTIVE, read_mbr
from orchestrator.verify.raw.signatures import NTFS, START_BYTES, file_system_of

SECTOR_SIZES: Final = (512, 4096)


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a device, in bytes.

    Attributes:
        number: as Linux counts partitions; 0 for the bare device.
        holds: what lies in it, in words; "NTFS" for what we read, empty if nobody knows.
    """

    number: int
    start: int
    length: int
    holds: str

    def __str__(self) -> str:
        where = f"partition {self.number}" if self.number else "the device, which has no partition table"
        return f"{where} holds {self.holds or 'nothing that is known'}"


@dataclass(frozen=True, slots=True)
class Layout:
    """All parts of a device, and what is wrong with its partition table."""

    partitions: tuple[Partition, ...]
    findings: tuple[ContentFinding, ...] = ()


def find_partitions(reader: PositionalReader) -> Layout:
    """Look for file systems.

    Raises:
        VerificationError: `verify.cannot-read`.
    """
    start = reader.bytes_at(0, START_BYTES)
    bare = Partition(0, 0, reader.size_bytes, file_system_of(start))
    if bare.holds == NTFS:
        return Layout((bare,))
    sizes = (reader.sector_bytes,) if reader.sector_bytes else SECTOR_SIZES
    for sector_bytes in sizes:
        layout = _by_gpt(reader, sector_bytes)
        if layout is not None:
            return layout
    tables = [_by_mbr(reader, sector_bytes) for sector_bytes in sizes]
    # A file does not say how large the sectors of its disk were: the size with which NTFS is found is right.
    tables.sort(key=lambda layout: all(each.holds != NTFS for each in layout.partitions))
    return tables[0] if tables[0].partitions else Layout((bare,))


def _by_gpt(reader: PositionalReader, sector_bytes: int) -> Layout | None:
    table = read_gpt(reader, sector_bytes)
    if table is None:
        return None
    findings = []
    if table.damaged:
        text = f"Of the two partition tables, {table.damaged} is damaged or missing; the other one was used."
        findings.append(
            ContentFinding("verify.partition-table-damaged", Severity.WARNING, Place(reader.name), text)
        )
    parts = [
        _partition(reader, entry.number, entry.start, entry.length, entry.kind) for entry in table.entries
    ]
    return _clipped(reader, parts, findings)


def _by_mbr(reader: PositionalReader, sector_bytes: int) -> Layout:
    parts = [
        _partition(
            reader,
            entry.number,
            entry.first * sector_bytes,
            entry.sectors * sector_bytes,
            "a dynamic disk" if entry.kind == DYNAMIC else "",
        )
        for entry in read_mbr(reader, sector_bytes)
        if entry.kind != PROTECTIVE
    ]
    return _clipped(reader, parts, [])


def _partition(reader: PositionalReader, number: int, start: int, length: int, kind: str) -> Partition:
    holds = file_system_of(reader.bytes_at(start, START_BYTES)) if start < reader.size_bytes else ""
    return Partition(number, start, length, holds or kind)


def _clipped(reader: PositionalReader, parts: list[Partition], findings: list[ContentFinding]) -> Layout:
    """Cut off what lies behind the end of the device, and say so: the image may have been truncated."""
    kept = []
    for part in parts:
        length = min(part.length, reader.size_bytes - part.start)
        if length < part.length:
            end, size = part.start + part.length, reader.size_bytes
            text = f"Partition {part.number} ends at byte {end:,}, the device at byte {size:,}."
            place = Place(reader.name, "partition", part.number)
            findings.append(ContentFinding("verify.partition-cut-off", Severity.WARNING, place, text))
        if length > 0:
            kept.append(Partition(part.number, part.start, length, part.holds))
    return Layout(tuple(kept), tuple(findings))
