"""The body of a log of version 7: LRCHECKSUM records, laid out as those that are read from real logs.

Each record stands at the start of a sector here and covers what was flushed behind it. The newest one says
that nothing follows; once something does, its first sector is written again together with the new record.
"""

from __future__ import annotations

import struct
from typing import Final

from orchestrator.ese.checksum import HEADER_SEED, header_checksum
from orchestrator.ese.log_layout import (
    HEADER_SIZE,
    LRTYP_CHECKSUM,
    RANGE_SEED,
    RECORD_SIZE,
    SHORT_ON,
    SHORT_SEED,
)
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_body import (
    FLUSH_BYTES,
    SPARE_BYTES,
    records_of,
)
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write

SECTOR_BYTES: Final = 512
# Each log begins with a record of its own, here one that leaves a single sector at the end.
FIRST_BYTES: Final = SPARE_BYTES - SECTOR_BYTES

_RECORD: Final = struct.Struct("<BIIIIIB")  # type, backwards, forwards, next, checksum, short checksum, use


class RecordBody:
    """Adds records one after the other to an image of the log's body."""

    sector_size = SECTOR_BYTES

    def __init__(self, flushes: int) -> None:
        self._size = FIRST_BYTES + flushes * FLUSH_BYTES
        self.begin(0)

    def begin(self, generation: int) -> bytes:
        """Start another generation with its first record."""
        self._generation = generation
        self._image = bytearray()
        self._last = 0
        self._add(records_of(0, FIRST_BYTES - RECORD_SIZE))
        return bytes(self._image)

    @property
    def full(self) -> bool:
        """Only the last sector is left."""
        return len(self._image) == self._size

    @property
    def chain_checksum(self) -> int:
        """These logs have none."""
        return 0

    def flush(self, change: int, moment: bytes) -> Write:
        """Add a record, and let the one before point to it."""
        before = self._last
        self._seal(before, following=len(self._image) - before - RECORD_SIZE)
        self._add(moment + records_of(change, FLUSH_BYTES - RECORD_SIZE - len(moment)))
        return HEADER_SIZE + before, bytes(self._image[before:])

    def _add(self, content: bytes) -> None:
        self._last = len(self._image)
        self._image += bytes(RECORD_SIZE) + content
        self._seal(self._last, following=0)

    def _seal(self, at: int, following: int) -> None:
        """Write the record at some place, over everything up to the next one."""
        end = at + RECORD_SIZE + following if following else len(self._image)
        covered = self._image[at + RECORD_SIZE : end]
        in_sector = self._image[at + RECORD_SIZE : at + SECTOR_BYTES]
        common = len(covered) ^ following ^ SHORT_ON ^ self._generation
        record = _RECORD.pack(
            LRTYP_CHECKSUM,
            0,
            len(covered),
            following,
            RANGE_SEED ^ _words(covered) ^ common,
            SHORT_SEED ^ _words(in_sector) ^ common,
            SHORT_ON,
        )
        self._image[at : at + RECORD_SIZE] = record


def _words(data: bytes | bytearray) -> int:
    """XOR all 32-bit words, the last one filled up with zeros."""
    return header_checksum(bytes(4) + data) ^ HEADER_SEED
