"""Runs of pages, and how the nodes of space trees, space headers and split buffers write them.

Source: ESE inc/space.hxx (SPACE_HEADER), inc/fcb.hxx (SPLIT_BUFFER), ese/space.cxx (SPEXTKEY). A node's
key is the last page of the run, big-endian, after a byte 0x80 + pool for special stocks; its data is how many
pages.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from struct import Struct
from typing import Final, NamedTuple

from orchestrator.ese.logical.nodes import Node

GENERAL_POOL: Final = 0
SHELVED_POOL: Final = 2  # stock beyond the end of the file, in the root's tree only
_POOLS: Final = 3
_POOL_FLAG: Final = 0x80
_KEY_BYTES: Final = 4
_POOL_KEY_BYTES: Final = 5

_SPACE_HEADER: Final = Struct("<IIII")
_MULTIPLE: Final = 0x01
_NOT_UNIQUE: Final = 0x02
_FLAGGED: Final = 0x01  # a longer external header begins with a byte: which fields follow
_SPLIT_BUFFER: Final = Struct("<IIII")
_SMALL_STOCK: Final = 32  # pages that the bit map of a small tree can name


class Extent(NamedTuple):
    """A run of pages."""

    first: int
    last: int


class Extents:
    """Runs that do not overlap, added in order; few compared with the pages they hold."""

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts = array("I")
        self._ends = array("I")

    def __contains__(self, page: int) -> bool:
        at = bisect_right(self._starts, page) - 1
        return at >= 0 and page <= self._ends[at]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Extent:
        return Extent(self._starts[index], self._ends[index])

    def add(self, extent: Extent) -> None:
        """Take in a run that overlaps none of those before."""
        at = bisect_right(self._starts, extent.first)
        self._starts.insert(at, extent.first)
        self._ends.insert(at, extent.last)

    def first_outside(self, extent: Extent) -> int | None:
        """Return the first page of a run that is in none of these."""
        page = extent.first
        while page <= extent.last:
            at = bisect_right(self._starts, page) - 1
            if at < 0 or page > self._ends[at]:
                return page
            page = self._ends[at] + 1
        return None


class SpaceHeader(NamedTuple):
    """In the external header of every root that is not that of a space tree.

    Attributes:
        pages: the first run of a small tree: so many from its root on.
        stock: of a small tree: bits for the pages behind the root that it does not use.
        owned_tree: root of the tree of owned runs, and the next page that of the available ones; 0: none.
    """

    pages: int
    parent: int
    unique: bool
    stock: int
    owned_tree: int

    def available(self, root: int) -> list[int]:
        """Return the pages of a small tree that it does not use."""
        stock = [root + 1 + bit for bit in range(_SMALL_STOCK) if self.stock >> bit & 1]
        return [page for page in stock if page < root + self.pages]


def read_space_header(external: bytes) -> SpaceHeader | None:
    """Return the space header of a root; None if there is none."""
    if len(external) > _SPACE_HEADER.size and external[0] & _FLAGGED:
        external = external[1:]
    elif len(external) != _SPACE_HEADER.size:
        return None
    pages, parent, flags, last = _SPACE_HEADER.unpack_from(external)
    unique = not flags & _NOT_UNIQUE
    if flags & _MULTIPLE:
        return SpaceHeader(0, parent, unique, 0, last)
    return SpaceHeader(pages, parent, unique, last, 0)


def read_split_buffer(external: bytes) -> list[Extent] | None:
    """Return the stock that a space tree keeps for its own growth; None if the header is not one."""
    if not external:
        return []
    if len(external) < _SPLIT_BUFFER.size:
        return None
    last_1, count_1, last_2, count_2 = _SPLIT_BUFFER.unpack_from(external)
    pairs = ((last_1, count_1), (last_2, count_2))
    return [Extent(last - count + 1, last) for last, count in pairs if count]


def read_extent(node: Node) -> tuple[Extent, int] | None:
    """Return the run that a node of a space tree stands for, and its pool; None if it is no such node.

    A run of no pages is legal and comes as one whose last page is before its first.
    """
    key, pool = node.key, GENERAL_POOL
    if len(key) == _POOL_KEY_BYTES and key[0] & _POOL_FLAG:
        key, pool = key[1:], key[0] & ~_POOL_FLAG
    if len(key) != _KEY_BYTES or len(node.data) != 4 or pool >= _POOLS:
        return None
    last, count = int.from_bytes(key, "big"), int.from_bytes(node.data, "little")
    return (Extent(last - count + 1, last), pool) if count <= last else None
