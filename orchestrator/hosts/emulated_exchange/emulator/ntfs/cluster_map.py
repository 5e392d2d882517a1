"""Which clusters are taken: the $Bitmap, and its free runs."""

from __future__ import annotations

import errno
from bisect import bisect_left, insort

FULL = 0xFF


class ClusterMap:
    """All clusters of a volume. Runs are taken from the first gap that is long enough."""

    def __init__(self, clusters: int) -> None:
        # The file's size is a multiple of eight bytes; bits behind the last cluster are set.
        self.bitmap = bytearray(-(-clusters // 64) * 8)
        self._free: list[tuple[int, int]] = [(0, clusters)]
        self._set(clusters, len(self.bitmap) * 8 - clusters, taken=True)

    @property
    def free(self) -> int:
        """Clusters that nobody has."""
        return sum(length for _, length in self._free)

    def take(self, length: int) -> int:
        """Take a contiguous run and return its first cluster.

        Raises:
            OSError: ENOSPC, no gap is long enough.
        """
        for at, (first, gap) in enumerate(self._free):
            if gap >= length:
                self._free[at : at + 1] = [(first + length, gap - length)] if gap > length else []
                self._set(first, length, taken=True)
                return first
        raise OSError(errno.ENOSPC, f"the volume has no {length} clusters in a row")

    def give_back(self, first: int, length: int) -> None:
        """Free a run; neighbours are joined."""
        self._set(first, length, taken=False)
        at = bisect_left(self._free, (first, 0))
        if at < len(self._free) and self._free[at][0] == first + length:
            length += self._free.pop(at)[1]
        if at and sum(self._free[at - 1]) == first:
            first, before = self._free.pop(at - 1)
            length += before
        insort(self._free, (first, length))

    def changed(self, first: int, length: int) -> tuple[int, bytes]:
        """Return the bytes of the bitmap that speak of a run, and where in it they begin."""
        start, end = first // 8, (first + length + 7) // 8
        return start, bytes(self.bitmap[start:end])

    def _set(self, first: int, length: int, *, taken: bool) -> None:
        end = first + length
        whole, last = -(-first // 8), end // 8
        if whole <= last:
            self.bitmap[whole:last] = bytes((FULL if taken else 0,)) * (last - whole)
            bits = [*range(first, whole * 8), *range(last * 8, end)]
        else:
            bits = list(range(first, end))
        for bit in bits:
            if taken:
                self.bitmap[bit >> 3] |= 1 << (bit & 7)
            else:
                self.bitmap[bit >> 3] &= ~(1 << (bit & 7))
