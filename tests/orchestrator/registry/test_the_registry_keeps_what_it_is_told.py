from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from orchestrator.errors import BadInput, Refused
from orchestrator.model.grades import Grade, RunStatus
from orchestrator.registry.database import Database
from orchestrator.registry.endpoints import Arrays, Hosts, RegisteredArray, RegisteredHost
from orchestrator.registry.sets import RecordedSet, Sets

NOW = datetime(2026, 3, 1, 2, 3, 4, 567890, UTC)
ARRAY = RegisteredArray(
    name="fa-01",
    kind="fake-array",
    url="https://fa-01",
    secret_ref="env:FA",
    ca_file=None,
    settings={"port": "1"},
    array_id="id-1",
    array_name="array",
    added_at=NOW,
)
HOST = RegisteredHost(
    name="EX01",
    kind="fake-host",
    url="https://ex01",
    secret_ref="file:/k",
    ca_file="/ca.pem",
    settings={},
    host_id="host-1",
    host_name="ex01",
    added_at=NOW,
)
SET = RecordedSet(
    set_id="qsc-a-b-1",
    run_id="b",
    attempt=1,
    job="nightly",
    host="EX01",
    status=RunStatus.COMPLETED,
    grade=Grade.WRITER_VERIFIED,
    emulated=True,
    made_at=NOW,
    evidence_path="/e.json",
    replicas=({"array": "fa-01", "replica_id": "r1"},),
    clones=({"array": "fa-01", "volume_id": "v1"},),
    note="Ä",
)


def test_what_is_added_is_there_for_the_next_process(database: Database, database_path: Path) -> None:
    Arrays(database).add(ARRAY)
    Hosts(database).add(HOST)
    Sets(database).add(SET)
    again = Database(database_path)
    assert Arrays(again).get("fa-01") == ARRAY
    assert Hosts(again).list() == [HOST]
    assert Sets(again).get("qsc-a-b-1") == SET
    assert Sets(again).list() == [SET]


def test_instants_come_back_in_utc_whatever_zone_they_had(database: Database) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    Arrays(database).add(replace(ARRAY, added_at=local))
    added_at = Arrays(database).get("fa-01").added_at
    assert (added_at, added_at.utcoffset()) == (NOW, timedelta(0))


def test_lists_are_in_order_of_names(database: Database) -> None:
    arrays = Arrays(database)
    for name in ("b", "c", "a"):
        arrays.add(replace(ARRAY, name=name, array_id=name))
    assert [each.name for each in arrays.list()] == ["a", "b", "c"]


def test_a_name_is_given_once(database: Database) -> None:
    Arrays(database).add(ARRAY)
    for refuse in (Arrays(database).add, lambda array: Arrays(database).check_name(array.name)):
        with pytest.raises(BadInput) as caught:
            refuse(replace(ARRAY, array_id="another"))
        assert (caught.value.code, caught.value.subject) == ("input.name-taken", "fa-01")
    assert Arrays(database).list() == [ARRAY]


def test_one_array_is_not_registered_under_two_names(database: Database) -> None:
    Arrays(database).add(ARRAY)
    Hosts(database).add(replace(HOST, host_id="id-1"))  # the id of a host is another matter
    with pytest.raises(BadInput, match="as fa-01") as caught:
        Arrays(database).add(replace(ARRAY, name="fa-02"))
    assert caught.value.code == "input.already-registered"


@pytest.mark.parametrize("name", ["", "-x", ".", "../x", "a b", "a/b", "a\n", "ä", "x" * 41, "a\0"])
def test_names_that_would_be_trouble_are_refused(database: Database, name: str) -> None:
    with pytest.raises(BadInput) as caught:
        Arrays(database).add(replace(ARRAY, name=name))
    assert caught.value.code == "input.bad-name"
    assert Arrays(database).list() == []


@pytest.mark.parametrize("name", ["a", "EX01", "fa-01.site_2", "9", "x" * 40])
def test_ordinary_names_are_fine(database: Database, name: str) -> None:
    Arrays(database).add(replace(ARRAY, name=name))


def test_unknown_names_have_their_own_codes(database: Database) -> None:
    for records, code in (
        (Arrays(database), "input.unknown-array"),
        (Hosts(database), "input.unknown-host"),
        (Sets(database), "input.unknown-set"),
    ):
        for ask in (records.get, records.remove):
            with pytest.raises(BadInput) as caught:
                ask("no-such-thing")
            assert (caught.value.code, caught.value.subject) == (code, "no-such-thing")


def test_what_is_removed_is_gone_and_its_name_free(database: Database) -> None:
    arrays = Arrays(database)
    arrays.add(ARRAY)
    arrays.remove("fa-01")
    assert arrays.list() == []
    arrays.add(ARRAY)


def test_an_array_that_holds_replicas_is_not_forgotten(database: Database) -> None:
    arrays, sets = Arrays(database), Sets(database)
    arrays.add(ARRAY)
    arrays.add(replace(ARRAY, name="fa-02", array_id="id-2"))
    sets.add(SET)
    with pytest.raises(Refused, match="qsc-a-b-1") as caught:
        arrays.remove("fa-01")
    assert caught.value.code == "policy.array-in-use"
    arrays.remove("fa-02")
    sets.remove(SET.set_id)
    arrays.remove("fa-01")


def test_a_set_is_updated_whole(database: Database) -> None:
    sets = Sets(database)
    with pytest.raises(BadInput):
        sets.update(SET)
    sets.add(SET)
    changed = replace(SET, status=RunStatus.IN_DOUBT, grade=None, replicas=(), evidence_path=None)
    sets.update(changed)
    assert sets.get(SET.set_id) == changed


def test_nothing_of_a_failed_transaction_is_kept(database: Database) -> None:
    sets = Sets(database)
    sets.add(SET)
    with pytest.raises(Refused) as caught:
        sets.add(replace(SET, note="secret-looking-note"))
    assert caught.value.code == "registry.unusable"
    assert "secret-looking-note" not in str(caught.value)
    assert sets.list() == [SET]


def test_processes_that_start_at_once_make_one_database(database_path: Path) -> None:
    def register(number: int) -> None:
        Arrays(Database(database_path)).add(replace(ARRAY, name=f"a{number}", array_id=str(number)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(register, range(8)))
    assert len(Arrays(Database(database_path)).list()) == 8


def test_a_database_of_the_first_version_is_brought_up_to_date(database_path: Path) -> None:
    Sets(Database(database_path)).add(SET)
    with sqlite3.connect(database_path) as connection:
        for column in ("verification", "expires_at"):
            connection.execute(f"ALTER TABLE sets DROP COLUMN {column}")
        for table in ("agents", "agent_tokens"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET schema_version = 1")
    connection.close()
    sets = Sets(Database(database_path))
    assert sets.list() == [replace(SET, verification=None, expires_at=None)]
    sets.update(replace(SET, verification={"verdict": "clean"}, expires_at=SET.made_at))
    assert sets.get(SET.set_id).verification == {"verdict": "clean"}
    assert sets.get(SET.set_id).expires_at == SET.made_at


@pytest.mark.parametrize("version", [0, 4, 99])
def test_a_database_of_another_version_is_left_alone(database_path: Path, version: int) -> None:
    Database(database_path)
    with sqlite3.connect(database_path) as connection:
        connection.execute("UPDATE meta SET schema_version = ?", (version,))
    connection.close()
    before = database_path.read_bytes()
    with pytest.raises(Refused, match=f"schema version {version}") as caught:
        Database(database_path)
    assert (caught.value.code, caught.value.subject) == ("registry.other-version", str(database_path))
    assert database_path.read_bytes() == before


def test_a_file_that_is_no_database_is_left_alone(database_path: Path) -> None:
    database_path.write_text("not a database, but longer than the header of one\n" * 100)
    with pytest.raises(Refused, match="not a database") as caught:
        Database(database_path)
    assert caught.value.code == "registry.unusable"
    assert database_path.read_text().startswith("not a database")


def test_a_stranger_s_database_is_left_alone(database_path: Path) -> None:
    with sqlite3.connect(database_path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(Refused) as caught:
        Database(database_path)
    assert caught.value.code in ("registry.unusable", "registry.other-version")


def test_a_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="unable to open"):
        Database(tmp_path / "no" / "quiesce.db")


def test_paths_with_odd_characters_work(tmp_path: Path) -> None:
    odd = tmp_path / "a?b#c%20 d.db"
    Arrays(Database(odd)).add(ARRAY)
    assert odd.exists()


def test_writes_are_on_disk_when_they_return(database: Database) -> None:
    with database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
