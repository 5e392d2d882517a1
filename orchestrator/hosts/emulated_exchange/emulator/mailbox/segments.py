"""The body of a log of version 8: segments, laid out by the table by which real logs are read."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.header_fields import position_bytes
from orchestrator.ese.log_layout import HEADER_SIZE, SEGMENT_HEADER_SIZE, SEGMENT_SIZE
from orchestrator.ese.reports import LogPosition
from orchestrator.ese.sealing import seal_segment
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_body import FLUSH_BYTES, records_of
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write

HEADER_SEGMENTS: Final = HEADER_SIZE // SEGMENT_SIZE
FLUSH_SEGMENTS: Final = FLUSH_BYTES // SEGMENT_SIZE
CONTENT_BYTES: Final = SEGMENT_SIZE - SEGMENT_HEADER_SIZE
_FLAGS: Final = (0x2000).to_bytes(4, "little")  # as in a page: the newer checksum format


class SegmentBody:
    """Fills segments one after the other; the last one of a file never holds data."""

    sector_size = SEGMENT_SIZE

    def __init__(self, flushes: int) -> None:
        self._end = HEADER_SEGMENTS + flushes * FLUSH_SEGMENTS
        self.begin(0)

    def begin(self, generation: int) -> bytes:
        """Start another generation. Nothing is written: a log with no segment yet is a good one."""
        self._generation = generation
        self._next = HEADER_SEGMENTS
        self._checksum = 0
        return b""

    @property
    def full(self) -> bool:
        """Only the segment for a shadow is left."""
        return self._next == self._end

    @property
    def chain_checksum(self) -> int:
        """XOR of the checksums of all segments."""
        return self._checksum

    def flush(self, change: int, moment: bytes) -> Write:
        """Make the next segments."""
        first = self._next
        content = records_of(change, FLUSH_SEGMENTS * CONTENT_BYTES)
        parts = (content[at : at + CONTENT_BYTES] for at in range(0, len(content), CONTENT_BYTES))
        return first * SEGMENT_SIZE, b"".join(self._segment(part, moment) for part in parts)

    def _segment(self, content: bytes, moment: bytes) -> bytes:
        index = self._next
        segment = bytearray(8)
        segment += position_bytes(LogPosition(self._generation, index, 0)) + moment + bytes(12) + _FLAGS
        segment += content
        seal_segment(segment, index)
        self._checksum ^= int.from_bytes(segment[:8], "little")
        self._next += 1
        return bytes(segment)
