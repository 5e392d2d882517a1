"""What is in a folder: names from the $MFT, the rest from the child; those asked for last are kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from orchestrator.verify.raw.name_table import NameTable

ROOT: Final = 5
# Records in front of this one are the file system's own.
FIRST_OWN: Final = 24
FOLDERS_KEPT: Final = 32
ASKED_AT_ONCE: Final = 1000


class Entry(NamedTuple):
    """A file or folder. The size is -1 for what has no contents."""

    name: str
    record: int
    is_folder: bool
    size: int
    flags: int


class Folders:
    """The tree of a volume.

    Args:
        table: names.
        ask: asks the child about records, in their order: [is folder, size, flags], or what is wrong.
        damaged: is told the name of a file whose record cannot be read, and why.
    """

    def __init__(
        self,
        table: NameTable,
        ask: Callable[[list[int]], list[list[int] | str]],
        damaged: Callable[[str, str], None],
    ) -> None:
        self._table, self._ask, self._damaged = table, ask, damaged
        self._kept: OrderedDict[int, list[Entry]] = OrderedDict()

    def root(self) -> list[Entry]:
        """Return what is in the root folder, without the file system's own files."""
        return self.inside(ROOT)

    def inside(self, record: int) -> list[Entry]:
        """Return what is in a folder, by name.

        Raises:
            VerificationError: `verify.file-system-unreadable`; `verify.cannot-read`.
        """
        kept = self._kept.pop(record, None)
        if kept is None:
            kept = self._read(record)
            while len(self._kept) >= FOLDERS_KEPT:
                self._kept.popitem(last=False)
        self._kept[record] = kept
        return kept

    def _read(self, record: int) -> list[Entry]:
        reference = self._table.reference_of(record)
        named = sorted(set(self._table.names_in(reference)))
        named = [(name, number) for name, number in named if number >= FIRST_OWN]
        entries = []
        for at in range(0, len(named), ASKED_AT_ONCE):
            some = named[at : at + ASKED_AT_ONCE]
            for (name, number), told in zip(some, self._ask([number for _, number in some]), strict=True):
                if isinstance(told, str):
                    self._damaged(name, told)
                else:
                    is_folder, size, flags = told
                    entries.append(Entry(name, number, bool(is_folder), size, flags))
        return entries
