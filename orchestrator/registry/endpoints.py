"""Registered arrays and hosts: how to reach them, and who they turned out to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Table, insert, select, update

from orchestrator.config.registered_name import registered_name
from orchestrator.errors import BadInput, Refused
from orchestrator.registry.database import Database
from orchestrator.registry.records import Records
from orchestrator.registry.tables import ARRAYS, HOSTS, SETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How to reach an array or a host.

    Attributes:
        name: what the admin calls it.
        kind: which plugin speaks to it.
        url: its address, without credentials.
        secret_ref: where its secret stands, never the secret; empty for kinds that need none.
        ca_file: PEM file that its certificate is verified with; None for the system's CAs.
        settings: what the kind needs beyond that, as the admin wrote it.
    """

    name: str
    kind: str
    url: str
    secret_ref: str
    ca_file: str | None
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredArray(Endpoint):
    """An array that answered when it was added, and said who it is."""

    array_id: str
    array_name: str
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredHost(Endpoint):
    """A host that answered when it was added, and said who it is."""

    host_id: str
    host_name: str
    added_at: datetime


E = TypeVar("E", bound=Endpoint)


class _Endpoints(Records[E]):
    """Endpoints, each once: by name, and by the id it gives itself (the column named `peer_id`)."""

    def __init__(self, database: Database, table: Table, record: type[E], noun: str) -> None:
        super().__init__(database, table, record, unknown=f"input.unknown-{noun}")
        self._peer_id = table.columns[f"{noun}_id"]
        self._noun = noun

    def check_name(self, name: str) -> None:
        """Refuse a name that cannot be used or is taken: to be asked before the endpoint is connected to."""
        with self._database.transaction() as connection:
            self._check_name(connection, name)

    def add(self, endpoint: E) -> None:
        """Register one.

        Raises:
            BadInput: its name cannot be used or is taken, or it is registered under another name.
        """
        values = asdict(endpoint)
        same_peer = select(self._key).where(self._peer_id == values[self._peer_id.name])
        with self._database.transaction() as connection:
            self._check_name(connection, endpoint.name)
            if known := connection.scalar(same_peer):
                what = f"This {self._noun} is registered already, as {known}."
                raise BadInput("input.already-registered", what, subject=endpoint.name)
            connection.execute(insert(self._table).values(values))

    def _check_name(self, connection: Connection, name: str) -> None:
        try:
            registered_name(name)
        except ValueError as error:
            raise BadInput("input.bad-name", f"The name cannot be used: {error}.", subject=name) from None
        if connection.scalar(select(self._key).where(self._key == name)):
            raise BadInput("input.name-taken", f"The name of another {self._noun}.", subject=name)


class Arrays(_Endpoints[RegisteredArray]):
    """The registered arrays."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, ARRAYS, RegisteredArray, "array")

    def remove(self, key: str) -> None:
        """Forget an array.

        Raises:
            BadInput: there is none of this name.
            Refused: a set on record has replicas there, which nobody could delete any more.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(select(SETS.c.set_id, SETS.c.replicas)).all()
        for set_id, replicas in rows:
            if any(replica.get("array") == key for replica in replicas):
                raise Refused("policy.array-in-use", f"The set {set_id} has replicas there.", subject=key)
        super().remove(key)


class Hosts(_Endpoints[RegisteredHost]):
    """The registered hosts."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, HOSTS, RegisteredHost, "host")

    def put_in_place_of(self, old: RegisteredHost, new: RegisteredHost) -> RegisteredHost:
        """Let a name stand for another host from now on, and return what is registered then.

        Raises:
            BadInput: the new host is registered under another name, or nothing is under the old one's.
        """
        kept = replace(new, name=old.name)
        with self._database.transaction() as connection:
            self._row(connection, old.name)
            others = (HOSTS.c.host_id == new.host_id) & (HOSTS.c.name != old.name)
            if known := connection.scalar(select(HOSTS.c.name).where(others)):
                what = f"This host is registered already, as {known}."
                raise BadInput("input.already-registered", what, subject=old.name)
            connection.execute(update(HOSTS).where(HOSTS.c.name == old.name).values(asdict(kept)))
        return kept
