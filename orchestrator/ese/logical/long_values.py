"""The long-value tree of a table, and the references of its records to it.

A long value has a root (key: its id, 4 or 8 bytes big-endian, the latter with the highest bit set; data:
references, size) and chunks (key: id and offset). Source: ESE inc/lv.hxx, inc/rec.hxx; rules as in ese/lv.cxx
(RECCHECKLV).
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import Final

from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.nodes import DELETED, Node
from orchestrator.ese.logical.page import Page
from orchestrator.ese.logical.page_set import PageSet, in_none

LONG_VALUE_CORRUPTED: Final = -1526  # JET_errLVCorrupted
RUNS_KEPT: Final = 1_000_000  # of consecutive ids: 24 bytes each

_LONG_ID: Final = 0x80  # highest bit of an id of 8 bytes
_ROOT_SIZES: Final = (8, 9)  # the longer one has flags
_ENCRYPTED: Final = 0x01
_HALF_DELETED: Final = 0xFFFFFFFF  # for a count of references
_XPRESS: Final = 3 << 3  # first byte of a compressed chunk; the size it has unpacked follows
_LAST_SCHEME: Final = 7


class LongValues:
    """Looks at the nodes of a long-value tree in order.

    Args:
        chunk: how many bytes all chunks but the last of a value have, unpacked.
    """

    def __init__(self, ground: Ground, name: str, chunk: int) -> None:
        self._ground = ground
        self._name = name
        self._chunk = chunk
        self._id: int | None = None  # of the value whose chunks are expected
        self._size = 0
        self._seen = 0
        self._sized = False  # whether its size means anything
        self._sealed = False  # encrypted: the sizes of its chunks say nothing
        self._page = 0
        self.ids = Ids()

    def leaf(self, page: Page | None) -> None:
        """Take the next leaf of the tree; None if some are missing here."""
        if page is None:
            self._id = None
            self._sized = False
            self.ids.complete = False
            return
        for node in page.nodes:
            if not node.flags & DELETED:
                self._node(page, node)

    def end(self) -> None:
        """The tree is over: the last value must be whole."""
        self._finish()

    def _node(self, page: Page, node: Node) -> None:
        key = node.key
        identifier_bytes = 8 if key[:1] >= bytes([_LONG_ID]) else 4
        if len(key) == identifier_bytes:
            self._finish()
            self._root(page, node)
        elif len(key) == identifier_bytes + 4:
            identifier = int.from_bytes(key[:identifier_bytes], "big")
            if identifier != self._id:
                if self._id is not None or self.ids.complete:
                    self._report(page.number, f"a part of long value {identifier:#x} has no root")
                self._id, self._sized = identifier, False
            elif self._sized:
                self._chunk_of(page, node, int.from_bytes(key[identifier_bytes:], "big"))
        else:
            self._report(page.number, f"a key of {len(key)} bytes belongs to no long value")

    def _root(self, page: Page, node: Node) -> None:
        self._id = int.from_bytes(node.key, "big")
        self._page = page.number
        self._seen = 0
        self._sized = len(node.data) in _ROOT_SIZES
        if not self._sized:
            self._report(page.number, f"the root of long value {self._id:#x} has {len(node.data)} bytes")
            return
        references = int.from_bytes(node.data[:4], "little")
        self._size = int.from_bytes(node.data[4:8], "little")
        self._sealed = bool(node.data[8:] and node.data[8] & _ENCRYPTED)
        self._sized = references not in (0, _HALF_DELETED)  # else it is being deleted
        self.ids.append(self._id)

    def _chunk_of(self, page: Page, node: Node, offset: int) -> None:
        if offset != self._seen:
            text = f"long value {self._id:#x} has a part at {offset:,}, where {self._seen:,} comes next"
            self._report(page.number, text)
            self._sized = False
            return
        expected = min(self._chunk, self._size - offset)
        if expected <= 0 or not (self._sealed or _fits(node.data, expected)):
            text = f"the part of long value {self._id:#x} at {offset:,} is not of {max(expected, 0):,} bytes"
            self._report(page.number, text)
            self._sized = False
            return
        self._seen = offset + expected

    def _finish(self) -> None:
        if self._sized and self._seen != self._size:
            text = f"long value {self._id:#x} has {self._seen:,} of {self._size:,} bytes"
            self._report(self._page, text)
        self._sized = False

    def _report(self, page: int, text: str) -> None:
        sentence = f"Page {page} of {self._name}: {text}."
        self._ground.findings.between(
            "ese.logical-long-value", page, sentence, ese_error=LONG_VALUE_CORRUPTED
        )


def _fits(data: bytes, expected: int) -> bool:
    """Tell whether a chunk can be so many bytes unpacked; what is shorter must be compressed."""
    if len(data) == expected:
        return True
    scheme = data[0] >> 3
    if len(data) > expected or not 0 < scheme <= _LAST_SCHEME:
        return False
    return data[0] != _XPRESS or int.from_bytes(data[1:3], "little") == expected


class Ids:
    """The ids of a table's long values, as runs in increasing order, and which of them a record refers to."""

    def __init__(self) -> None:
        self.complete = True
        self.crowded = False  # there are more runs than are kept
        self._first = array("Q")
        self._last = array("Q")
        self._before = array("Q")  # how many ids the runs in front of it hold
        self._count = 0
        self._used: PageSet | None = None

    def append(self, identifier: int) -> None:
        """Take in an id that is greater than those before."""
        if self._last and identifier == self._last[-1] + 1:
            self._last[-1] = identifier
        elif self._last and identifier <= self._last[-1]:
            return  # out of order: the tree's own rules have told
        elif len(self._first) >= RUNS_KEPT:
            self.complete, self.crowded = False, True
            return
        else:
            self._first.append(identifier)
            self._last.append(identifier)
            self._before.append(self._count)
        self._count += 1

    def refer(self, identifier: int) -> bool:
        """Mark an id as used, and return whether it is there."""
        at = bisect_right(self._first, identifier) - 1
        if at < 0 or identifier > self._last[at]:
            return False
        if self._used is None:
            self._used = PageSet(self._count)
        self._used.add(self._before[at] + identifier - self._first[at])
        return True

    def unused(self) -> int:
        """Return how many are there that nothing refers to."""
        if not self._count:
            return 0
        used = self._used or PageSet(self._count)
        return sum(last - first + 1 for first, last in in_none((used,), 0, self._count - 1))
