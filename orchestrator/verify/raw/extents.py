"""Runs of a file: which bytes of the device are which bytes of the file. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

SPARSE: Final = 1


class Run(NamedTuple):
    """A stretch of the file; `device` is None for a hole."""

    start: int
    length: int
    device: int | None


class UnsoundRuns(ValueError):
    """The runs cannot be those of a file on this volume."""


class Extents:
    """The runs of one file, up to its valid size: what lies behind was never written, whatever is on disk.

    Args:
        named: (byte of the volume, length, flags) as the library names them, in order.
        size: of the file in bytes.
        valid: how many of them were ever written.
        volume_start: byte of the device at which the volume begins.
        volume_length: of the volume in bytes.

    Raises:
        UnsoundRuns: they end before the file does, or lie outside the volume.
    """

    def __init__(
        self,
        named: Sequence[tuple[int, int, int]],
        size: int,
        valid: int,
        volume_start: int,
        volume_length: int,
    ) -> None:
        self._runs: list[Run] = []
        self._starts: list[int] = []
        self.valid = min(max(valid, 0), size)
        at = 0
        for place, length, flags in named:
            hole = bool(flags & SPARSE)
            if length <= 0 or (not hole and not 0 <= place <= volume_length - length):
                raise UnsoundRuns(
                    f"a part of it would lie at byte {place:,} of a volume of {volume_length:,}"
                )
            if not hole:
                self._runs.append(Run(at, length, volume_start + place))
                self._starts.append(at)
            at += length
        if at < size:
            raise UnsoundRuns(f"it has {size:,} bytes, but place for {at:,} only")

    def pieces(self, offset: int, length: int) -> Iterator[Run]:
        """Yield what a stretch of the file consists of, in order: runs and holes."""
        end = offset + length
        written_end = min(end, self.valid)
        index = max(0, bisect_right(self._starts, offset) - 1)
        while offset < written_end and index < len(self._runs):
            run = self._runs[index]
            if run.start > offset:
                gap = min(run.start, written_end) - offset
                yield Run(offset, gap, None)
                offset += gap
            within = offset - run.start
            piece = min(run.length - within, written_end - offset)
            if piece > 0 and run.device is not None:
                yield Run(offset, piece, run.device + within)
                offset += piece
            index += 1
        if offset < end:
            yield Run(offset, end - offset, None)

    def next_data(self, offset: int) -> int | None:
        """Return the first offset from this one on that may hold something; None if there is none."""
        for run in self._runs[max(0, bisect_right(self._starts, offset) - 1) :]:
            if run.start + run.length > offset:
                at = max(offset, run.start)
                return at if at < self.valid else None
        return None
