"""The nodes of a page: [bytes taken of the shared key,] bytes of key of their own, key, data.

Source: ESE inc/node.hxx, ese/node.cxx. Both lengths are 13 bits wide; above the first of them stand the flags
of the node in pages of 16 and 32 KiB (in smaller ones these are in the tag).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import Struct
from typing import Final, NamedTuple

VERSIONED: Final = 0x01
DELETED: Final = 0x02
COMPRESSED: Final = 0x04  # its key begins with bytes of the shared one

_LENGTHS: Final = Struct("<HH")
_LENGTH: Final = 0x1FFF
_LENGTH_BYTES: Final = 2


class Node(NamedTuple):
    """A node with its whole key."""

    key: bytes
    data: bytes
    flags: int


class Problem(NamedTuple):
    """A rule that a page breaks by itself."""

    code: str
    text: str
    ese_error: int


def read_nodes(
    data: bytes, at: Sequence[int], sizes: Sequence[int], flags: Sequence[int], shared: bytes
) -> list[Node]:
    """Return the nodes of a page where `broken_nodes` found nothing."""
    nodes = []
    lengths = _LENGTHS.unpack_from
    for start, size, flag in zip(at, sizes, flags, strict=True):
        first, second = lengths(data, start)
        if flag & COMPRESSED:
            key_at = start + 2 * _LENGTH_BYTES
            key_end = key_at + (second & _LENGTH)
            key = shared[: first & _LENGTH] + data[key_at:key_end]
        else:
            key_at = start + _LENGTH_BYTES
            key_end = key_at + (first & _LENGTH)
            key = data[key_at:key_end]
        nodes.append(Node(key, data[key_end : start + size], flag))
    return nodes


def broken_nodes(
    data: bytes, at: Sequence[int], sizes: Sequence[int], flags: Sequence[int], shared: int
) -> list[Problem]:
    """Tell what keeps the nodes of a page from being read; `shared` is the length of the shared key."""
    lengths = _LENGTHS.unpack_from
    for number, (start, size, flag) in enumerate(zip(at, sizes, flags, strict=True)):
        first, second = lengths(data, start)
        if flag & COMPRESSED:
            if first & _LENGTH > shared:
                text = f"node {number} takes {first & _LENGTH} bytes of a shared key of {shared}"
                return [Problem("ese.logical-prefix", text, -358)]
            overhead, own = 2 * _LENGTH_BYTES, second & _LENGTH
        else:
            overhead, own = _LENGTH_BYTES, first & _LENGTH
        if overhead + own >= size:  # no node is without data
            text = f"node {number} has {size} bytes, its key alone would need {overhead + own}"
            return [Problem("ese.logical-node", text, -358)]
    return []


def disordered(nodes: Sequence[Node], *, leaf: bool, unique: bool) -> Iterator[Problem]:
    """Tell which rules of order and form the nodes of one page break.

    A key of a page that is no leaf is the one that all keys below it are smaller than; the last may be empty,
    which is greater than all. Where keys may repeat, key and data together are in order.
    """
    if not leaf:
        yield from _broken_pointers(nodes)
        ordered = [(node.key, b"") for node in nodes if node.key]
    else:
        ordered = [(node.key, b"" if unique else node.data) for node in nodes]
    for number, (one, following) in enumerate(pairwise(ordered)):
        if following <= one:
            kind = "the same key as" if following == one else "a smaller key than"
            yield Problem("ese.logical-key-order", f"node {number + 1} has {kind} the one before it", -1206)
            return


def _broken_pointers(nodes: Sequence[Node]) -> Iterator[Problem]:
    if not nodes:
        yield Problem("ese.logical-node", "it is no leaf and points to no page", -1206)
    for number, node in enumerate(nodes):
        if len(node.data) != 4 or node.flags & (VERSIONED | DELETED):
            yield Problem(
                "ese.logical-node", f"node {number} is not the pointer to a page that it should be", -1206
            )
            return
        if not node.key and number != len(nodes) - 1:
            yield Problem("ese.logical-node", f"node {number} has no key and is not the last", -1206)
            return
