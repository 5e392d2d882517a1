"""How the lab's mailbox store lays its changes out in array volumes, and the check of their order.

Each change n is written to the log first and to the database next, so at every instant
`database <= log <= database + 1`. A pair of clones for which that does not hold was not made at one instant.

The first 4 KiB of an array volume say which databases keep a region in it. A log region is a ring of
512-byte sectors; a database region is a header page and a ring of 4 KiB pages. Change n goes into slot
n modulo the ring's size, so a ring must hold exactly its last changes: a lost or foreign one shows too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final
from zlib import crc32

SECTOR_BYTES: Final = 512
PAGE_BYTES: Final = 4096

_HEAD: Final = struct.Struct("<8sQd")  # magic, change, wall time in seconds
_CRC: Final = struct.Struct("<I")  # of everything before it, at the very end of a record
_ENTRY: Final = struct.Struct("<32sQQ")  # database, offset, length
_HEADER_PAGE: Final = b"QSC-HEAD"
_SUPERBLOCK: Final = b"QSC-LAB1"


class Role(Enum):
    """What a region holds, with the magic of its records."""

    LOG = b"QSC-LOG1"
    DATABASE = b"QSC-PAGE"


@dataclass(frozen=True, slots=True)
class Region:
    """Where one database keeps its changes in one array volume."""

    database: str
    role: Role
    offset: int
    length: int

    @property
    def slot_bytes(self) -> int:
        """Size of one record."""
        return SECTOR_BYTES if self.role is Role.LOG else PAGE_BYTES

    @property
    def ring_offset(self) -> int:
        """Where the ring begins: behind the header page, in a database."""
        return self.offset + (PAGE_BYTES if self.role is Role.DATABASE else 0)

    @property
    def slots(self) -> int:
        """How many of the last changes the ring holds."""
        return (self.offset + self.length - self.ring_offset) // self.slot_bytes

    def writes(self, change: int, written_at_s: float) -> Iterator[tuple[int, bytes]]:
        """Yield what is to be written for a change, as offset and bytes."""
        slot = self.ring_offset + change % self.slots * self.slot_bytes
        yield slot, _record(self.role.value, change, written_at_s, self.slot_bytes)
        if self.role is Role.DATABASE:
            yield self.offset, _record(_HEADER_PAGE, change, written_at_s, PAGE_BYTES)


@dataclass(frozen=True, slots=True)
class OrderVerdict:
    """What a pair of clones says about one database.

    Attributes:
        valid: the writer's order is kept and no record is torn.
        newest_log: newest change in the log; 0 for none.
        newest_database: newest change in the database; 0 for none.
        findings: why it is not valid, for people.
    """

    valid: bool
    newest_log: int
    newest_database: int
    findings: tuple[str, ...] = ()


def divide(size_bytes: int, role: Role, databases: Sequence[str]) -> tuple[Region, ...]:
    """Divide an array volume among databases.

    Raises:
        ValueError: it is too small for rings of two records each.
    """
    share = (size_bytes - PAGE_BYTES) // max(1, len(databases)) // PAGE_BYTES * PAGE_BYTES
    regions = tuple(
        Region(name, role, PAGE_BYTES + index * share, share) for index, name in enumerate(databases)
    )
    if any(region.slots < 2 for region in regions) or len(regions) > (PAGE_BYTES - 32) // _ENTRY.size:
        raise ValueError(f"{size_bytes} bytes are too few for {len(databases)} databases")
    return regions


def superblock(regions: Sequence[Region]) -> bytes:
    """Return the first page of an array volume that holds these regions."""
    body = bytearray(_HEAD.pack(_SUPERBLOCK, len(regions), 0.0))
    for region in regions:
        body += _ENTRY.pack(region.database.encode(), region.offset, region.length)
    body += bytes(PAGE_BYTES - _CRC.size - len(body))
    return bytes(body) + _CRC.pack(crc32(body))


def check_order(log_path: Path, database_path: Path) -> OrderVerdict:
    """Check a clone of a log array volume against a clone of its database array volume.

    Where several databases share the two, the verdict is that of the worst, and the findings are of all.
    """
    verdicts = check_databases(log_path, database_path)
    if not verdicts:
        return OrderVerdict(False, 0, 0, ("The two hold no log and pages of one database.",))
    worst = max(verdicts.values(), key=lambda one: (not one.valid, one.newest_database - one.newest_log))
    findings = tuple(finding for one in verdicts.values() for finding in one.findings)
    return OrderVerdict(worst.valid, worst.newest_log, worst.newest_database, findings)


def check_databases(log_path: Path, database_path: Path) -> Mapping[str, OrderVerdict]:
    """Check every database whose log lies in the one clone and whose pages lie in the other."""
    log_bytes, database_bytes = log_path.read_bytes(), database_path.read_bytes()
    logs = {region.database: region for region in _regions(log_bytes, Role.LOG)}
    return {
        region.database: _check(log_bytes, logs[region.database], database_bytes, region)
        for region in _regions(database_bytes, Role.DATABASE)
        if region.database in logs
    }


def _check(log_bytes: bytes, log: Region, database_bytes: bytes, database: Region) -> OrderVerdict:
    findings: list[str] = []
    newest_log = _newest(log_bytes, log, findings)
    newest_database = _newest(database_bytes, database, findings)
    header = _change(database_bytes[database.offset : database.ring_offset], _HEADER_PAGE)
    if header != newest_database:
        findings.append(f"{database.database}: its header page says {header}, its pages {newest_database}.")
    if not newest_database <= newest_log <= newest_database + 1:
        findings.append(
            f"{database.database}: its newest page holds change {newest_database}, its newest log record "
            f"change {newest_log}."
        )
    return OrderVerdict(not findings, newest_log, newest_database, tuple(findings))


def _newest(content: bytes, region: Region, findings: list[str]) -> int:
    """Return a ring's newest change, and add to the findings whatever else it should hold but does not."""
    ring = content[region.ring_offset : region.ring_offset + region.slots * region.slot_bytes]
    found = [
        _change(ring[start : start + region.slot_bytes], region.role.value)
        for start in range(0, len(ring), region.slot_bytes)
    ]
    newest = max((change for change in found if change is not None), default=0)
    for slot, change in enumerate(found):
        expected = max(0, newest - (newest - slot) % region.slots)
        if change != expected:
            what = "is torn" if change is None else f"holds change {change}"
            where = f"{region.database}: {region.role.name.lower()} slot {slot}"
            findings.append(f"{where} {what}, not change {expected}.")
    return newest


def _record(magic: bytes, change: int, written_at_s: float, size: int) -> bytes:
    body = _HEAD.pack(magic, change, written_at_s).ljust(size - _CRC.size, b"\0")
    return body + _CRC.pack(crc32(body))


def _change(record: bytes, magic: bytes) -> int | None:
    """Return the change that a record holds: 0 for an empty one, None for a torn one."""
    if not any(record):
        return 0
    if len(record) < _HEAD.size or crc32(record[: -_CRC.size]) != _CRC.unpack(record[-_CRC.size :])[0]:
        return None
    found, change, _ = _HEAD.unpack_from(record)
    return int(change) if found == magic else None


def _regions(content: bytes, role: Role) -> Iterator[Region]:
    block = content[:PAGE_BYTES]
    count = _change(block, _SUPERBLOCK) or 0
    for index in range(count):
        name, offset, length = _ENTRY.unpack_from(block, _HEAD.size + index * _ENTRY.size)
        yield Region(name.rstrip(b"\0").decode(), role, offset, length)
