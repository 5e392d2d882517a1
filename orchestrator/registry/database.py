"""The one database: opened, checked, and used in short transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, NullPool, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DatabaseError

from orchestrator.errors import Refused
from orchestrator.registry.migrations import migrate
from orchestrator.registry.tables import META, METADATA, SCHEMA_VERSION

_BUSY_MS: Final = 10_000


class Database:
    """SQLite in one file. Blocks: never use it on an event loop.

    Every transaction has a connection of its own, so there is nothing to close and threads may share this.

    Raises:
        Refused: the file is no database, or one of a newer version of Quiesce. It is left as it was.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # hide_parameters: an error's text must not carry what we were about to store.
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)), poolclass=NullPool, hide_parameters=True
        )
        event.listen(self._engine, "connect", _set_up_connection)
        event.listen(self._engine, "begin", _begin_immediately)
        self._prepare()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection whose changes are stored together at the end, or not at all.

        No other transaction, of this process or another, runs meanwhile: what was looked up still holds
        when it is changed.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except (DatabaseError, sqlite3.DatabaseError) as error:
            reason = getattr(error, "orig", error)
            raise Refused(
                "registry.unusable", f"The database cannot be used: {reason}.", subject=str(self._path)
            ) from None

    def _prepare(self) -> None:
        with self.transaction() as connection:
            if inspect(connection).get_table_names():
                migrate(connection)
                self._check_version(connection)
            else:
                METADATA.create_all(connection)
                connection.execute(insert(META).values(schema_version=SCHEMA_VERSION))

    def _check_version(self, connection: Connection) -> None:
        version = connection.scalar(select(META.c.schema_version))
        if version != SCHEMA_VERSION:
            raise Refused(
                "registry.other-version",
                f"The database has schema version {version}; this version of Quiesce needs {SCHEMA_VERSION}.",
                subject=str(self._path),
            )


def _set_up_connection(connection: Any, _record: object) -> None:
    # The driver's own transactions begin at the first write only; we begin them ourselves, below.
    connection.isolation_level = None
    for pragma in ("foreign_keys = ON", "synchronous = FULL", f"busy_timeout = {_BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediately(connection: Connection) -> None:
    # Takes the write lock at once, so that look-up and change are one step.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
