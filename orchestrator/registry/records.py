"""What all tables of records have in common: one record by its key, all of them, forget one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Table, delete, select

from orchestrator.errors import BadInput
from orchestrator.registry.database import Database

R = TypeVar("R")


class Records(Generic[R]):
    """Records of one type in one table. Blocks.

    Args:
        database: where they are kept.
        table: its first column is the key.
        record: the dataclass, with a field per column.
        unknown: code of the error for a key that is not there.
    """

    def __init__(self, database: Database, table: Table, record: type[R], unknown: str) -> None:
        self._database = database
        self._table = table
        self._key = table.columns[0]
        self._record = record
        self._unknown = unknown

    def get(self, key: str) -> R:
        """Return one record.

        Raises:
            BadInput: there is none of this key.
        """
        with self._database.transaction() as connection:
            return self._read(self._row(connection, key))

    def list(self) -> Sequence[R]:
        """Return all records in the order of their keys."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(self._table).order_by(self._key)).mappings().all()
        return [self._read(dict(row)) for row in rows]

    def remove(self, key: str) -> None:
        """Forget one record. What it speaks of is not touched.

        Raises:
            BadInput: there is none of this key.
        """
        with self._database.transaction() as connection:
            self._row(connection, key)
            connection.execute(delete(self._table).where(self._key == key))

    def _row(self, connection: Connection, key: str) -> dict[str, Any]:
        row = connection.execute(select(self._table).where(self._key == key)).mappings().first()
        if row is None:
            raise BadInput(self._unknown, "Nothing of this name is on record.", subject=key)
        return dict(row)

    def _read(self, row: dict[str, Any]) -> R:
        return self._record(**row)
