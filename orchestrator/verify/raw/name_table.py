"""Which files are in which folder, as the files themselves tell in the $MFT.

The indexes of folders say it too, but the library lists none of their names, without an error, where clusters
are larger than index blocks [run: 0 of 200 names with clusters of 64 KiB, which is how Exchange volumes are
formatted]. The $MFT of a database volume is small, and reading it through has no loops to be led into.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Final

from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.raw.records import FILE, HEADER, IN_USE, NUMBER, file_names, unsealed

CHUNK_BYTES: Final = 1 << 20
# 8 GiB of records of 1 KiB; a volume with more files is not looked through by name.
MOST_RECORDS: Final = 8 << 20
BAD: Final = b"BAAD"
DAMAGED_KEPT: Final = 20


class TooManyRecords(ValueError):
    """The $MFT is larger than any that is read through."""


class NameTable:
    """The names of a volume. Numbers only are kept, names are read when they are asked for.

    Args:
        table: the $MFT as a file.
        record_bytes: size of a record.

    Attributes:
        damaged: numbers of records that were not wholly written, the first few.
        damaged_count: how many there are.

    Raises:
        TooManyRecords: it is not read through.
        VerificationError: `verify.cannot-read`.
    """

    def __init__(self, table: BytesSource, record_bytes: int) -> None:
        self._table, self._record_bytes = table, record_bytes
        self._inside: dict[int, array[int]] = {}
        self.damaged: list[int] = []
        self.damaged_count = 0
        if table.size_bytes // record_bytes > MOST_RECORDS:
            raise TooManyRecords(
                f"its $MFT has {table.size_bytes:,} bytes: more files than are looked through"
            )
        for number, record in self._records():
            self._note(number, record)

    def names_in(self, folder: int) -> Iterator[tuple[str, int]]:
        """Yield name and record of what is in a folder.

        Args:
            folder: reference of the folder: number and sequence of its record.
        """
        for number in self._inside.get(folder & NUMBER, ()):
            record = self._record(number)
            if record is None:
                continue
            base = HEADER.unpack_from(record)[10] & NUMBER
            for one in file_names(record):
                if one.folder == folder:
                    yield one.name, base or number

    def reference_of(self, number: int) -> int:
        """Return the reference of a record: its number and sequence."""
        record = self._record(number)
        return number if record is None else HEADER.unpack_from(record)[4] << 48 | number

    def _note(self, number: int, record: bytes) -> None:
        whole = unsealed(record)
        if whole is None:
            self.damaged_count += 1
            if len(self.damaged) < DAMAGED_KEPT:
                self.damaged.append(number)
            return
        for folder in {one.folder & NUMBER for one in file_names(whole)}:
            self._inside.setdefault(folder, array("I")).append(number)

    def _records(self) -> Iterator[tuple[int, bytes]]:
        """Yield the records in use, as they lie on disk."""
        size = self._record_bytes
        chunk = bytearray(max(CHUNK_BYTES // size, 1) * size)
        for start in range(0, self._table.size_bytes, len(chunk)):
            count = self._table.read(start, memoryview(chunk))
            for at in range(0, count - size + 1, size):
                head = HEADER.unpack_from(chunk, at)
                if (head[0] == FILE and head[7] & IN_USE) or head[0] == BAD:
                    yield (start + at) // size, bytes(chunk[at : at + size])

    def _record(self, number: int) -> bytes | None:
        buffer = bytearray(self._record_bytes)
        self._table.read(number * self._record_bytes, memoryview(buffer))
        return unsealed(bytes(buffer))
