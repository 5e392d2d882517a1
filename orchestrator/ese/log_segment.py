"""Tells what one segment of a log is (log version 8 and later).

The checksum of a segment is that of a small page, with the index of the segment in place of the page number.
So a segment tells where it was meant to lie: a copy of the last, half-filled one lies in the place after it
(its shadow), for the case that the next write of the original is torn.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from orchestrator.ese.bit_location import locate
from orchestrator.ese.checksum import block_checksum
from orchestrator.ese.log_layout import SEGMENT_CHECKSUM, SEGMENT_POSITION, SEGMENT_SIZE
from orchestrator.ese.page_layout import FORMAT_FLAG_BIT
from orchestrator.ese.reports import NOWHERE, LogPosition

_ZEROS: Final = bytes(SEGMENT_SIZE)


class SegmentKind(Enum):
    """What a segment is. All but the first and the last two count as empty."""

    GOOD = "good"
    SHADOW = "shadow of the one before"
    LEFTOVER = "left over from an earlier life of the file"
    BLANK = "blank"
    LATER = "from later than its place"
    DAMAGED = "damaged"


class Segment(NamedTuple):
    """One segment.

    Attributes:
        position: LGPOS that it bears; nowhere if that cannot be believed.
        checksum: as it is stored.
        wrong_bit: the one bit in which it differs from what was written, from the start of the segment.
    """

    kind: SegmentKind
    position: LogPosition = NOWHERE
    checksum: int = 0
    wrong_bit: int | None = None


def read_segment(segment: bytes, index: int, generation: int, first: int) -> Segment:
    """Tell what a segment is, in the order of the engine (ESE ese/_log/logread.cxx).

    Args:
        segment: its bytes.
        generation: of the log.
        index: where it lies in the file, counted from the start of the header.
        first: index of the first segment after the header: nothing before it can have a shadow.
    """
    if segment == _ZEROS:
        return Segment(SegmentKind.BLANK)
    stored = SEGMENT_CHECKSUM.number(segment)
    plain = block_checksum(segment, 0)
    wanted = LogPosition(generation, index, 0)
    if (found := _written_at(segment, stored, plain, index)) is not None:
        position, wrong_bit = found
        return Segment(_placed(position, wanted), position, stored, wrong_bit)
    if index != first and (found := _written_at(segment, stored, plain, index - 1)) is not None:
        return Segment(SegmentKind.SHADOW, found[0], stored, found[1])
    return Segment(SegmentKind.DAMAGED)


def _placed(position: LogPosition, wanted: LogPosition) -> SegmentKind:
    if position == wanted:
        return SegmentKind.GOOD
    return SegmentKind.LEFTOVER if position < wanted else SegmentKind.LATER


def _written_at(segment: bytes, stored: int, plain: int, index: int) -> tuple[LogPosition, int | None] | None:
    """Return LGPOS and wrong bit of a segment that was written for an index; None if it was not."""
    difference = stored ^ plain ^ index  # the number only enters the low half, as an XOR
    if not difference:
        return SEGMENT_POSITION.position(segment), None
    bit = locate(difference, SEGMENT_SIZE)
    if bit is None or bit == FORMAT_FLAG_BIT:  # the bit that tells the format is never mended, as in pages
        return None
    mended = bytearray(segment)
    mended[bit // 8] ^= 1 << bit % 8
    return SEGMENT_POSITION.position(mended), bit
