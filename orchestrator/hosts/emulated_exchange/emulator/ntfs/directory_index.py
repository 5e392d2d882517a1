"""The names of one folder in their order: a root in the folder's record, and leaves of 4 KiB below it.

A change touches one leaf where it can. Where it cannot (a leaf is full or empty, or the name between two
leaves goes) all names are laid out anew, which happens once in a dozen changes.
"""

from __future__ import annotations

import errno
import struct
from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import padded
from orchestrator.hosts.emulated_exchange.emulator.ntfs.records import INDEX_CAPACITY

ENTRY: Final = struct.Struct("<QHHI")
HAS_CHILD: Final = 1
LAST: Final = 2
END: Final = ENTRY.pack(0, ENTRY.size, 0, LAST)
CHILD_BYTES: Final = 8

LEAF_CAPACITY: Final = INDEX_CAPACITY - len(END)
# How full leaves are when they are laid out anew: names come and go without a new layout for a while.
FILLED: Final = 0.7
LEAVES: Final = 6


@dataclass(slots=True)
class Leaf:
    """The names of one leaf, and how many bytes they take."""

    keys: list[bytes]
    used: int


@dataclass(slots=True)
class Changed:
    """What of an index has to be written again."""

    root: bool = False
    leaves: set[int] = field(default_factory=set)


def index_entry(reference: int, key: bytes) -> bytes:
    """Return an entry of a leaf: the key is a $FILE_NAME."""
    return padded(ENTRY.pack(reference, ENTRY.size + len(padded(key)), len(key), 0) + key)


class DirectoryIndex:
    """Entries by their order.

    Args:
        small_capacity: bytes of entries for which the root is enough.
        root_capacity: bytes of entries that fit into the root beside what leaves need.
        step: virtual cluster numbers that a leaf takes.
    """

    def __init__(self, small_capacity: int, root_capacity: int, step: int) -> None:
        self._small_capacity = small_capacity
        self._root_capacity = root_capacity
        self._step = step
        self._entries: dict[bytes, bytes] = {}
        self._leaves: list[Leaf] = []
        self._separators: list[bytes] = []
        self.large = False

    def __contains__(self, key: bytes) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def leaves(self) -> int:
        """How many leaves are in use."""
        return len(self._leaves)

    def insert(self, key: bytes, entry: bytes) -> Changed:
        """Add an entry.

        Raises:
            OSError: ENOSPC, the folder is full; nothing changed.
        """
        self._entries[key] = entry
        if self._leaves:
            at = bisect_left(self._separators, key)
            leaf = self._leaves[at]
            if leaf.used + len(entry) <= LEAF_CAPACITY:
                insort(leaf.keys, key)
                leaf.used += len(entry)
                return Changed(leaves={at})
        elif not self.large and _size(self._entries.values()) <= self._small_capacity:
            return Changed(root=True)
        try:
            return self._lay_out()
        except OSError:
            del self._entries[key]
            raise

    def remove(self, key: bytes) -> Changed:
        """Take an entry away. `KeyError` if there is none."""
        entry = self._entries.pop(key)
        if not self._leaves:
            return Changed(root=True)
        at = bisect_left(self._separators, key)
        leaf = self._leaves[at]
        if key in self._separators[at : at + 1] or len(leaf.keys) == 1:
            return self._lay_out()
        del leaf.keys[bisect_left(leaf.keys, key)]
        leaf.used -= len(entry)
        return Changed(leaves={at})

    def root_entries(self) -> list[bytes]:
        """Return the entries of the root."""
        if not self._leaves:
            return [*(self._entries[key] for key in sorted(self._entries)), END]
        parents = [*(self._entries[key] for key in self._separators), END]
        return [_with_child(entry, at * self._step) for at, entry in enumerate(parents)]

    def leaf_entries(self, at: int) -> list[bytes]:
        """Return the entries of one leaf."""
        return [*map(self._entries.__getitem__, self._leaves[at].keys), END]

    def _lay_out(self) -> Changed:
        self.large = True
        if not self._entries:
            self._leaves, self._separators = [], []
            return Changed(root=True)
        wanted = -(-_size(self._entries.values()) // int(LEAF_CAPACITY * FILLED))
        for leaves in range(min(wanted, LEAVES), 0, -1):
            if self._divide(leaves):
                return Changed(root=True, leaves=set(range(len(self._leaves))))
        raise OSError(errno.ENOSPC, "the folder has no room for another name")

    def _divide(self, leaves: int) -> bool:
        """Lay out in so many leaves, if that fits."""
        share = _size(self._entries.values()) / leaves
        found, separators = [Leaf([], 0)], []
        for key in sorted(self._entries):
            size = len(self._entries[key])
            if found[-1].used >= share and len(found) < leaves:
                separators.append(key)
                found.append(Leaf([], 0))
            else:
                found[-1].keys.append(key)
                found[-1].used += size
        root = _size(map(self._entries.__getitem__, separators)) + CHILD_BYTES * len(separators)
        if root > self._root_capacity or any(not 0 < leaf.used <= LEAF_CAPACITY for leaf in found):
            return False
        self._leaves, self._separators = found, separators
        return True


def _size(entries: Iterable[bytes]) -> int:
    return sum(map(len, entries))


def _with_child(entry: bytes, child: int) -> bytes:
    reference, length, key_length, flags = ENTRY.unpack_from(entry)
    head = ENTRY.pack(reference, length + CHILD_BYTES, key_length, flags | HAS_CHILD)
    return head + entry[ENTRY.size :] + child.to_bytes(CHILD_BYTES, "little")
