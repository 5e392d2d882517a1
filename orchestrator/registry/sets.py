"""Sets on record: what each run made, and where its proof stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from orchestrator.model.grades import Grade, RunStatus
from orchestrator.registry.database import Database
from orchestrator.registry.records import Records
from orchestrator.registry.tables import SETS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSet:
    """One attempt of one run, and what is left of it.

    Attributes:
        set_id: the stem of the attempt's object names.
        run_id: of the run.
        attempt: 1 for the first.
        job: name of the job.
        host: as registered.
        status: how the run ended.
        grade: None when the run made no set.
        emulated: made by an emulator, at least in part.
        made_at: when, UTC.
        evidence_path: the signed proof; None when there is none.
        replicas: one mapping each, of `array` (as registered), `replica_id`, `replica_name` and
            `source_volume_id`.
        clones: one mapping each, of `array` (as registered), `replica_id`, `volume_id`, `volume_name` and
            `lun_id`.
        note: for people.
        verification: what a look into the clones found: `verdict`, `bytes` read, `seconds` taken, and
            `at`, when it ended; None if nobody has looked.
        expires_at: when a set in quarantine is deleted, UTC; None for any other.
    """

    set_id: str
    run_id: str
    attempt: int
    job: str
    host: str
    status: RunStatus
    grade: Grade | None
    emulated: bool
    made_at: datetime
    evidence_path: str | None = None
    replicas: tuple[Mapping[str, str], ...] = ()
    clones: tuple[Mapping[str, str], ...] = ()
    note: str = ""
    verification: Mapping[str, Any] | None = None
    expires_at: datetime | None = None


class Sets(Records[RecordedSet]):
    """The sets on record."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, SETS, RecordedSet, unknown="input.unknown-set")

    def add(self, recorded: RecordedSet) -> None:
        """Put a set on record, once: no attempt ever has the id of another."""
        with self._database.transaction() as connection:
            connection.execute(insert(SETS).values(asdict(recorded)))

    def update(self, recorded: RecordedSet) -> None:
        """Replace the record of this set id.

        Raises:
            BadInput: there is none.
        """
        with self._database.transaction() as connection:
            self._row(connection, recorded.set_id)
            connection.execute(update(SETS).where(self._key == recorded.set_id).values(asdict(recorded)))

    def _read(self, row: dict[str, Any]) -> RecordedSet:
        as_stored = super()._read(row)
        return replace(
            as_stored,
            status=RunStatus(as_stored.status),
            grade=None if as_stored.grade is None else Grade(as_stored.grade),
            replicas=tuple(as_stored.replicas),
            clones=tuple(as_stored.clones),
        )
