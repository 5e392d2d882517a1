"""Steps from an older schema to the one of `tables`, each from one version to the next."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, select, text, update

from orchestrator.registry.tables import META

STEPS: Final[dict[int, tuple[str, ...]]] = {
    1: (  # what a look into the clones found, and how long a set in quarantine is kept
        "ALTER TABLE sets ADD COLUMN verification JSON",
        "ALTER TABLE sets ADD COLUMN expires_at VARCHAR",
    ),
    2: (  # agents, and the tokens they enrol with
        """CREATE TABLE agents (
            agent_id VARCHAR NOT NULL PRIMARY KEY, host_name VARCHAR NOT NULL,
            fingerprint VARCHAR NOT NULL UNIQUE, state VARCHAR NOT NULL, backend VARCHAR NOT NULL,
            version VARCHAR NOT NULL, enrolled_at VARCHAR NOT NULL, approved_at VARCHAR, last_seen VARCHAR,
            token_id VARCHAR NOT NULL)""",
        """CREATE TABLE agent_tokens (
            token_id VARCHAR NOT NULL PRIMARY KEY, salt BLOB NOT NULL, secret_hash BLOB NOT NULL,
            host_rule VARCHAR NOT NULL, approves BOOLEAN NOT NULL, uses INTEGER NOT NULL,
            uses_left INTEGER NOT NULL, created_at VARCHAR NOT NULL, expires_at VARCHAR NOT NULL,
            revoked_at VARCHAR)""",
    ),
}


def migrate(connection: Connection) -> None:
    """Bring an older database to the newest version that steps lead to; leave any other as it is.

    It is part of the caller's transaction: all of it happens, or nothing.
    """
    if not inspect(connection).has_table(META.name):
        return
    version = connection.scalar(select(META.c.schema_version))
    while version in STEPS:
        for statement in STEPS[version]:
            connection.execute(text(statement))
        version += 1
        connection.execute(update(META).values(schema_version=version))
