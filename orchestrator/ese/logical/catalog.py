"""The catalog (MSysObjects): which tables there are, and which trees each of them has.

Columns: ESE inc/cat.hxx (fidMSO_*). Its records come table by table, the table itself first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NamedTuple

from orchestrator.ese.logical.page import INDEX, LONG_VALUE
from orchestrator.ese.logical.records import first_variable, fixed_part, tagged_at
from orchestrator.ese.logical.tree import Tree

CATALOG_ROOT: Final = 4
CATALOG_OBJID: Final = 2
SHADOW_ROOT: Final = 24

TABLE: Final = 1  # kinds of records; others describe columns and callbacks
SECONDARY_INDEX: Final = 3
LONG_VALUES: Final = 4
STREAMING_MAPS: Final = (6, 7)  # space of a streaming file (Exchange 2000 and 2003)
_NAMED: Final = (TABLE, SECONDARY_INDEX, LONG_VALUES)
_NAME_BYTES: Final = 64

# ObjidTable, Type, Id, PgnoFDP; then SpaceUsage, Flags, Pages, RootFlag, RecordOffset, LCMapFlags, KeyMost,
# and LVChunkMax, the twelfth.
_ENTRY: Final = Struct("<IHII")
_CHUNK_COLUMN: Final = 12
_CHUNK_AT: Final = 35
_NULL_BIT: Final = 1 << (_CHUNK_COLUMN - 1) % 8


class Entry(NamedTuple):
    """One record of the catalog.

    Attributes:
        chunk: how long the parts of a table's long values are; 0 if that is not recorded.
    """

    table: int
    kind: int
    objid: int
    root: int
    name: str
    chunk: int


@dataclass(slots=True)
class Table:
    """One table with the trees that hold its indexes and long values.

    Attributes:
        chunk: how long the parts of its long values are; 0 if that is not recorded.
        partial: some of its records in the catalog were not seen.
    """

    tree: Tree
    chunk: int = 0
    indexes: list[Tree] = field(default_factory=list)
    long_values: Tree | None = None
    partial: bool = False


def read_entry(data: bytes) -> Entry | None:
    """Return what a record of the catalog says; None if it is none."""
    if tagged_at(data) is None:
        return None
    columns, fixed = fixed_part(data)
    if len(fixed) < _ENTRY.size:
        return None
    table, kind, objid, root = _ENTRY.unpack_from(fixed)
    if kind not in _NAMED:
        return Entry(table, kind, objid, root, "", 0)
    name = first_variable(data)[:_NAME_BYTES]
    readable = "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in name)
    return Entry(table, kind, objid, root, readable, _chunk(columns, fixed))


def _chunk(columns: int, fixed: bytes) -> int:
    nulls = (columns + 7) // 8
    if columns < _CHUNK_COLUMN or len(fixed) < _CHUNK_AT + 4 + nulls:
        return 0
    if fixed[len(fixed) - nulls + (_CHUNK_COLUMN - 1) // 8] & _NULL_BIT:
        return 0
    return int.from_bytes(fixed[_CHUNK_AT : _CHUNK_AT + 4], "little")


class Tables:
    """Puts the records of the catalog together, so that no more than one table is in memory."""

    def __init__(self) -> None:
        self._table: Table | None = None
        self._lost = False

    def lose(self) -> None:
        """Records are missing here: until the next table begins, nothing follows from what is not there."""
        self._lost = True
        if self._table is not None:
            self._table.partial = True

    def begin(self, entry: Entry) -> Table | None:
        """Take the record of a table, and return the table before it, which is complete now."""
        done = self._table
        self._table = Table(Tree(entry.root, entry.objid, f"table {entry.name}"), entry.chunk)
        self._lost = False
        return done

    def add(self, entry: Entry) -> bool:
        """Take the record of another tree; return whether the table that it belongs to is known."""
        table = self._table
        if table is None or table.tree.objid != entry.table:
            return self._lost
        if entry.kind == LONG_VALUES:
            name = f"the long values of {table.tree.name}"
            table.long_values = Tree(entry.root, entry.objid, name, LONG_VALUE)
        elif entry.root != table.tree.root:  # else it is the order of the table itself
            name = f"index {entry.name} of {table.tree.name}"
            table.indexes.append(Tree(entry.root, entry.objid, name, INDEX))
        return True

    def last(self) -> Table | None:
        """Return the table that no other comes behind."""
        return self._table
