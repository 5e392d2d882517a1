"""Checks the body of a log that consists of segments (log version 8 and later)."""

from __future__ import annotations

from orchestrator.ese import log_segment_findings as findings
from orchestrator.ese.log_body import LogBody
from orchestrator.ese.log_layout import SEGMENT_SIZE
from orchestrator.ese.log_segment import Segment, SegmentKind, read_segment
from orchestrator.ese.reports import BodyState, LogHeader, LogPosition
from orchestrator.model.verification import ContentFinding


def check_segments(name: str, header: LogHeader, data: memoryview) -> LogBody:
    """Check all segments: the good ones come first, and only empty ones after them.

    Args:
        name: as findings call it.
        header: the log's.
        data: the whole file, as long as its header says.
    """
    walk = _Walk(name, header, data)
    for index in range(header.header_sectors, header.file_sectors):
        walk.take(index)
    return walk.body()


class _Walk:
    """One pass over the segments of one log."""

    def __init__(self, name: str, header: LogHeader, data: memoryview) -> None:
        self._name = name
        self._header = header
        self._data = data
        self._last = header.file_sectors - 1
        self._good = 0
        self._chain = 0
        self._torn: int | None = None
        self._empty_generation: int | None = None  # of the last empty segment; None before the first
        self._damaged: list[int] = []
        self._misplaced: list[ContentFinding] = []
        self._wrong_bits: list[ContentFinding] = []

    def take(self, index: int) -> None:
        """Look at the next segment."""
        segment = self._read(index)
        if segment.wrong_bit is not None and len(self._wrong_bits) < findings.KEPT:
            self._wrong_bits.append(findings.wrong_bit(self._name, index, segment.wrong_bit))
        match segment.kind:
            case SegmentKind.GOOD:
                self._take_good(index, segment)
            case SegmentKind.DAMAGED:
                self._take_damaged(index)
            case SegmentKind.LATER:
                self._misplace(index, f"bears {_words(segment)}, later than its place")
            case SegmentKind.SHADOW | SegmentKind.LEFTOVER | SegmentKind.BLANK:
                self._take_empty(index, segment)

    def body(self) -> LogBody:
        """Sum up."""
        found = [*findings.damaged(self._name, self._damaged), *self._misplaced, *self._wrong_bits]
        if self._torn is not None:
            found.append(findings.torn(self._name, self._torn))
        end = LogPosition(self._header.generation, self._header.header_sectors + self._good, 0)
        state = self._state()
        chain = None if state is BodyState.DAMAGED else self._chain
        return LogBody(state, self._good, chain, end, tuple(found))

    def _state(self) -> BodyState:
        if self._damaged or self._misplaced:
            return BodyState.DAMAGED
        if self._wrong_bits:
            return BodyState.CORRECTABLE
        return BodyState.INTACT if self._torn is None else BodyState.PATCHABLE

    def _read(self, index: int) -> Segment:
        segment = bytes(self._data[index * SEGMENT_SIZE : (index + 1) * SEGMENT_SIZE])
        return read_segment(segment, index, self._header.generation, self._header.header_sectors)

    def _take_good(self, index: int, segment: Segment) -> None:
        if self._empty_generation is not None:
            self._misplace(index, "holds records, but the log ended before it")
        elif index == self._last:
            self._misplace(index, "holds records, but the last one is kept free for a shadow")
        else:
            self._good += 1
            self._chain ^= segment.checksum

    def _take_damaged(self, index: int) -> None:
        """A damaged segment right behind the good ones may be torn: then its shadow follows it."""
        if self._empty_generation is None and not self._damaged and index != self._last:
            shadow = self._read(index + 1)
            here = (self._header.generation, index, 0)
            if shadow.kind is SegmentKind.SHADOW and shadow.position == here:
                self._torn = index
                self._good += 1
                self._chain ^= shadow.checksum
                return
        self._damaged.append(index)

    def _take_empty(self, index: int, segment: Segment) -> None:
        """Empty segments stem from older and older lives of the file, the blank ones last."""
        before = self._header.generation if self._empty_generation is None else self._empty_generation
        if segment.position.generation > before:
            self._misplace(index, f"bears {_words(segment)}, younger than what is before it")
        self._empty_generation = segment.position.generation

    def _misplace(self, index: int, why: str) -> None:
        if len(self._misplaced) < findings.KEPT:
            self._misplaced.append(findings.misplaced(self._name, index, why))


def _words(segment: Segment) -> str:
    return f"generation {segment.position.generation:X}, segment {segment.position.segment}"
