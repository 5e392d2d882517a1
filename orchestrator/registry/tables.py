"""The tables of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, TypeDecorator
from sqlalchemy.engine import Dialect

SCHEMA_VERSION: Final = 3

METADATA: Final = MetaData()


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, kept as RFC 3339 text in UTC: SQLite has no type for it, and naive times are a trap."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Return the text to store."""
        return None if value is None else value.astimezone(UTC).isoformat()

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Return the instant."""
        return None if value is None else datetime.fromisoformat(value)


def _endpoint_table(name: str, peer: str) -> Table:
    return Table(
        name,
        METADATA,
        Column("name", String, primary_key=True),
        Column("kind", String, nullable=False),
        Column("url", String, nullable=False),
        Column("secret_ref", String, nullable=False),
        Column("ca_file", String),
        Column("settings", JSON, nullable=False),
        Column(f"{peer}_id", String, nullable=False, unique=True),
        Column(f"{peer}_name", String, nullable=False),
        Column("added_at", UtcDateTime, nullable=False),
    )


META: Final = Table("meta", METADATA, Column("schema_version", Integer, primary_key=True))
ARRAYS: Final = _endpoint_table("arrays", "array")
HOSTS: Final = _endpoint_table("hosts", "host")
SETS: Final = Table(
    "sets",
    METADATA,
    Column("set_id", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("job", String, nullable=False),
    Column("host", String, nullable=False),
    Column("status", String, nullable=False),
    Column("grade", String),
    Column("emulated", Boolean, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("evidence_path", String),
    Column("replicas", JSON, nullable=False),
    Column("clones", JSON, nullable=False),
    Column("note", String, nullable=False),
    Column("verification", JSON(none_as_null=True)),
    Column("expires_at", UtcDateTime),
)
AGENTS: Final = Table(
    "agents",
    METADATA,
    Column("agent_id", String, primary_key=True),
    Column("host_name", String, nullable=False),
    Column("fingerprint", String, nullable=False, unique=True),
    Column("state", String, nullable=False),
    Column("backend", String, nullable=False),
    Column("version", String, nullable=False),
    Column("enrolled_at", UtcDateTime, nullable=False),
    Column("approved_at", UtcDateTime),
    Column("last_seen", UtcDateTime),
    Column("token_id", String, nullable=False),
)
AGENT_TOKENS: Final = Table(
    "agent_tokens",
    METADATA,
    Column("token_id", String, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("host_rule", String, nullable=False),
    Column("approves", Boolean, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)
