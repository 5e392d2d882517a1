"""A set of page numbers, one bit a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

_PART: Final = 1 << 16  # pages that are looked at in one go


class PageSet:
    """Page numbers from 0 to `size` - 1. Numbers beyond are never members and cannot be added."""

    __slots__ = ("_bits", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._bits = bytearray((size + 7) // 8)

    def __contains__(self, number: int) -> bool:
        return 0 <= number < self._size and bool(self._bits[number >> 3] >> (number & 7) & 1)

    def add(self, number: int) -> None:
        """Take a number in."""
        self._bits[number >> 3] |= 1 << (number & 7)

    def add_range(self, first: int, last: int) -> None:
        """Take in all numbers from `first` to `last`."""
        low, high = first >> 3, last >> 3
        start, end = 0xFF << (first & 7) & 0xFF, 0xFF >> (7 - (last & 7))
        if low == high:
            self._bits[low] |= start & end
            return
        self._bits[low] |= start
        self._bits[low + 1 : high] = b"\xff" * (high - low - 1)
        self._bits[high] |= end

    def part(self, first: int, last: int) -> int:
        """Return the members from `first` to `last` as bits, the lowest for `first`."""
        value = int.from_bytes(self._bits[first >> 3 : (last >> 3) + 1], "little") >> (first & 7)
        return value & ((1 << (last - first + 1)) - 1)

    def first_in(self, first: int, last: int) -> int | None:
        """Return the smallest member from `first` to `last`."""
        for start, end in _parts(first, last):
            if found := self.part(start, end):
                return start + (found & -found).bit_length() - 1
        return None


def in_none(sets: Iterable[PageSet], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the runs (first, last) of numbers that no set has, in order; long ones may come in parts."""
    kept = tuple(sets)
    for start, end in _parts(first, last):
        missing = (1 << (end - start + 1)) - 1
        for one in kept:
            missing &= ~one.part(start, end)
        at = start
        while missing:
            gap = (missing & -missing).bit_length() - 1
            missing >>= gap
            at += gap
            run = (~missing & (missing + 1)).bit_length() - 1
            yield at, at + run - 1
            missing >>= run
            at += run


def _parts(first: int, last: int) -> Iterator[tuple[int, int]]:
    for start in range(first, last + 1, _PART):
        yield start, min(start + _PART - 1, last)
