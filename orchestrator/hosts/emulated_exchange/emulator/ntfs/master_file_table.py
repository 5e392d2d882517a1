"""The $MFT: which records are taken, and where they lie. Its size is fixed when a volume is made."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.ntfs.geometry import Geometry
from orchestrator.hosts.emulated_exchange.emulator.ntfs.records import IN_USE, Seal, file_record

# 0 to 11 are the system's files, up to 15 are taken, 16 to 23 are kept for long lists of attributes.
FIRST_SYSTEM_FREE: Final = 12
FIRST_RESERVED: Final = 16
FIRST_OWN: Final = 24
LAST_SEQUENCE: Final = 0xFFFF


class MasterFileTable:
    """Records of one volume."""

    def __init__(
        self,
        geometry: Geometry,
        write: Callable[[int, bytes], None],
        first_cluster: int,
        bitmap_cluster: int,
        records: int,
    ) -> None:
        self._record_bytes = geometry.record_bytes
        self._write = write
        self._start = geometry.offset_of(first_cluster)
        self._bitmap_start = geometry.offset_of(bitmap_cluster)
        self.records = records
        self._free = list(range(FIRST_OWN, records))
        heapify(self._free)
        self._sequences = [max(1, number) if number < FIRST_OWN else 1 for number in range(records)]
        self._seals = [Seal() for _ in range(records)]
        self.bitmap = bytearray(records // 8)
        for number in range(FIRST_RESERVED):
            self.bitmap[number // 8] |= 1 << number % 8

    def reference_of(self, number: int) -> int:
        """Return what folders and files call a record by."""
        return self._sequences[number] << 48 | number

    def offset_of(self, number: int) -> int:
        """Return where in the array volume a record lies."""
        return self._start + number * self._record_bytes

    def take(self) -> int:
        """Take a record and return its number.

        Raises:
            OSError: ENOSPC, all are taken.
        """
        if not self._free:
            raise OSError(errno.ENOSPC, f"all {self.records} records of the $MFT are taken")
        number = heappop(self._free)
        self._mark(number)
        return number

    def give_back(self, number: int) -> None:
        """Free a record; references to it are stale from now on."""
        self._sequences[number] = self._sequences[number] % LAST_SEQUENCE + 1
        heappush(self._free, number)
        self._mark(number)

    def write_record(
        self, number: int, attributes: Sequence[bytes], *, flags: int = IN_USE, links: int = 1
    ) -> bytes:
        """Write a record and return its bytes.

        Raises:
            RecordTooLong: the attributes do not fit.
        """
        seal, sequence = self._seals[number], self._sequences[number]
        record = file_record(number, sequence, flags, attributes, self._record_bytes, seal, links=links)
        self._write(self.offset_of(number), record)
        return record

    def _mark(self, number: int) -> None:
        self.bitmap[number >> 3] ^= 1 << (number & 7)
        self._write(self._bitmap_start + (number >> 3), bytes(self.bitmap[number >> 3 : (number >> 3) + 1]))
