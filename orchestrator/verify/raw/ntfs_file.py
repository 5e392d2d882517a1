"""One file of an NTFS volume: read over its runs, straight from the device."""

from __future__ import annotations

from typing import Final

from orchestrator.errors import VerificationError
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.extents import Extents

ZEROS: Final = memoryview(bytes(1 << 20))


class NtfsFile:
    """A file whose contents lie in runs; a `BytesSource`. May be read by several threads.

    Attributes:
        name: how findings call it.
        size_bytes: of the file.
        modified: when it was last written, as the volume tells: only to be compared.
    """

    def __init__(
        self, reader: PositionalReader, name: str, size_bytes: int, extents: Extents, modified: str = ""
    ) -> None:
        self.name, self.size_bytes, self.modified = name, size_bytes, modified
        self._reader, self._extents = reader, extents

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer from some offset on; holes, and what was never written, are zeros.

        Raises:
            VerificationError: `verify.cannot-read`.
        """
        wanted = max(0, min(len(buffer), self.size_bytes - offset))
        for piece in self._extents.pieces(offset, wanted):
            at = piece.start - offset
            part = buffer[at : at + piece.length]
            if piece.device is None:
                _blank(part)
            elif self._reader.read(piece.device, part) < piece.length:
                raise VerificationError(
                    "verify.cannot-read", "the device ends in the middle of it", subject=self.name
                )
        return wanted

    def next_data(self, offset: int) -> int:
        """Return the first offset from this one on that may hold something; the size if none does."""
        found = self._extents.next_data(offset)
        return self.size_bytes if found is None else found

    def close(self) -> None:
        """Nothing is held open: the device is the image's."""


class ResidentFile:
    """A file so small that it lies in its record; a `BytesSource`."""

    def __init__(self, name: str, data: bytes, modified: str = "") -> None:
        self.name, self.size_bytes, self.modified = name, len(data), modified
        self._data = data

    def read(self, offset: int, buffer: memoryview) -> int:
        """Fill a buffer from some offset on."""
        part = self._data[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def next_data(self, offset: int) -> int:
        """It has no holes."""
        return min(offset, self.size_bytes)

    def close(self) -> None:
        """Nothing is held open."""


def _blank(buffer: memoryview) -> None:
    for at in range(0, len(buffer), len(ZEROS)):
        part = buffer[at : at + len(ZEROS)]
        part[:] = ZEROS[: len(part)]
