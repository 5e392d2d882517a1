"""One LRCHECKSUM of a log of version 7: what it covers, and whether that is whole.

Such a record stands in the sector where a flush began. It covers what was already in that sector before it
(backwards) and all that was flushed behind it (forwards), and says where the next one is. Its generation is
part of the checksum, so that old sectors of a recycled file never fit.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.ese.log_layout import (
    LRTYP_CHECKSUM,
    RANGE_SEED,
    RECORD,
    RECORD_SIZE,
    SHADOW_SEED,
    SHORT_OFF,
    SHORT_ON,
    SHORT_SEED,
)
from orchestrator.ese.reports import LogHeader


class LogRecord(NamedTuple):
    """An LRCHECKSUM.

    Attributes:
        at: its offset in the file, in bytes.
        following: from its end to the next LRCHECKSUM, in bytes; 0 if there is none.
    """

    at: int
    kind: int
    backwards: int
    forwards: int
    following: int
    checksum: int
    short_checksum: int
    use_short: int

    @property
    def end(self) -> int:
        """Where what it covers ends."""
        return self.at + RECORD_SIZE + self.forwards

    @property
    def next_at(self) -> int:
        """Where the next one is."""
        return self.at + RECORD_SIZE + self.following


def read_record(data: memoryview, at: int) -> LogRecord:
    """Decode the bytes at an offset as an LRCHECKSUM, whatever they are: `RECORD_SIZE` of them are there."""
    return LogRecord(at, *RECORD.unpack_from(data, at))


def is_whole(record: LogRecord, data: memoryview, header: LogHeader, shadow_seed: int = 0) -> bool:
    """Tell whether a record and all that it covers are as they were written.

    Source: ESE ese/_log/logread_legacy.cxx, FValidLRCKRecord.
    """
    sector = header.sector_size
    inside = record.at % sector
    if record.kind != LRTYP_CHECKSUM or inside + RECORD_SIZE > sector:
        return False
    if record.backwards not in {0, inside} or record.end > len(data):
        return False
    if not (_fits_its_sectors(record, inside, sector) and _leads_to_the_next_sector(record, inside, sector)):
        return False
    start = record.at + RECORD_SIZE
    numbers = record.backwards ^ record.forwards ^ record.following ^ record.use_short
    both = numbers ^ header.generation ^ xor_of_words(data[record.at - record.backwards : record.at])
    short = 0
    if record.use_short == SHORT_ON:
        short = SHORT_SEED ^ both ^ xor_of_words(data[start : record.at - inside + sector])
    if short != record.short_checksum:
        return False
    return RANGE_SEED ^ shadow_seed ^ both ^ xor_of_words(data[start : record.end]) == record.checksum


def is_shadow(record: LogRecord, data: memoryview, header: LogHeader) -> bool:
    """Tell whether a record, a sector later than its original, is in a whole copy of a log's last sector."""
    last = record.use_short == SHORT_OFF and record.following == 0
    return last and is_whole(record, data, header, SHADOW_SEED)


def xor_of_words(part: memoryview) -> int:
    """Return the XOR of all 32-bit words, counted from the start of the part; a rest is filled with zeros."""
    value = int.from_bytes(part, "little")
    bits = 1 << max(len(part) * 8 - 1, 31).bit_length()
    while bits > 32:
        bits //= 2
        value = (value >> bits) ^ (value & ((1 << bits) - 1))
    return value


def _fits_its_sectors(record: LogRecord, inside: int, sector: int) -> bool:
    """Several sectors are covered to their end, and have a short checksum; a single one has none."""
    covered = inside + RECORD_SIZE + record.forwards
    if covered > sector:
        return record.use_short == SHORT_ON and covered % sector == 0
    return record.use_short == SHORT_OFF


def _leads_to_the_next_sector(record: LogRecord, inside: int, sector: int) -> bool:
    """The next record lies in the first sector that this one does not cover."""
    if record.following == 0:
        return True
    covered = inside + RECORD_SIZE + record.forwards
    if covered % sector:
        return False
    return record.next_at // sector == (record.at - inside + covered) // sector
