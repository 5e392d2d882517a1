"""Cuts: all members, one instant, real bytes."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.plugin import Fault
from providers.pure_flasharray.emulator import FlashArrayEmulator
from tests.providers.pure_flasharray.emulator.rest_caller import MIB, ManualClock, RestCaller


def path_of(emulator: FlashArrayEmulator, name: str) -> Path:
    return next(Path(row["path"]) for row in emulator.describe()["volumes"] if row["name"] == name)


def write(path: Path, data: bytes, offset: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


@contextmanager
def writing(emulator: FlashArrayEmulator) -> Iterator[None]:
    """Hold the lock as a host in the middle of a write does."""
    descriptor = os.open(emulator.describe()["lock"], os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@pytest.fixture
async def pg(admin: RestCaller) -> str:
    await admin.post("protection-groups", names="pg")
    await admin.post("protection-groups/volumes", group_names="pg", member_names="db,log")
    return "pg"


def test_the_lab_is_told_where_the_bytes_are(emulator: FlashArrayEmulator) -> None:
    described = emulator.describe()
    assert Path(described["lock"]).exists()
    assert [row["name"] for row in described["volumes"]] == ["db", "log", "other"]
    for row in described["volumes"]:
        assert row["lun_id"] == "naa.624a9370" + row["serial"].lower()
        assert row["size_bytes"] == MIB == Path(row["path"]).stat().st_size


async def test_a_group_cut_holds_every_member_at_one_instant(
    admin: RestCaller, emulator: FlashArrayEmulator, pg: str, clock: ManualClock
) -> None:
    write(path_of(emulator, "db"), b"database")
    write(path_of(emulator, "log"), b"log", MIB - 3)
    cut = (await admin.post("protection-group-snapshots", {"suffix": "a1"}, source_names=pg)).items
    assert [item["name"] for item in cut] == ["pg.a1"]
    assert cut[0]["source"]["name"] == "pg"
    members = (await admin.get("volume-snapshots", filter="name='pg.a1.*'", sort="name")).items
    assert [item["name"] for item in members] == ["pg.a1.db", "pg.a1.log"]
    assert [item["source"]["name"] for item in members] == ["db", "log"]
    assert {item["created"] for item in [*cut, *members]} == {clock.now_ms()}
    assert len({item["serial"] for item in members}) == 2
    assert emulator.replica_path("pg.a1.db").read_bytes()[:8] == b"database"
    assert emulator.replica_path("pg.a1.log").read_bytes()[-3:] == b"log"


async def test_later_writes_do_not_reach_a_replica(
    admin: RestCaller, emulator: FlashArrayEmulator, pg: str
) -> None:
    write(path_of(emulator, "db"), b"before")
    await admin.post("protection-group-snapshots", {"suffix": "a1"}, source_names=pg)
    write(path_of(emulator, "db"), b"after!")
    assert emulator.replica_path("pg.a1.db").read_bytes()[:6] == b"before"


async def test_a_cut_waits_for_the_write_under_way_and_the_loop_does_not(
    admin: RestCaller, emulator: FlashArrayEmulator, pg: str
) -> None:
    with writing(emulator):
        write(path_of(emulator, "log"), b"one")
        cut = asyncio.create_task(admin.post("protection-group-snapshots", {"suffix": "a1"}, source_names=pg))
        done, _ = await asyncio.wait({cut}, timeout=0.04)
        assert not done
        assert (await admin.get("protection-group-snapshots")).items == []
        write(path_of(emulator, "db"), b"two")
    assert (await cut).names == ["pg.a1"]
    assert emulator.replica_path("pg.a1.db").read_bytes()[:3] == b"two"


async def test_volumes_are_cut_together_without_a_group(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    write(path_of(emulator, "log"), b"x")
    cut = (await admin.post("volume-snapshots", {"suffix": "s"}, source_names="log,db")).items
    assert [item["name"] for item in cut] == ["log.s", "db.s"]
    assert len({item["created"] for item in cut}) == 1
    assert emulator.replica_path("log.s").read_bytes()[:1] == b"x"


async def test_a_cut_of_many_is_all_or_nothing(admin: RestCaller) -> None:
    await admin.post("volume-snapshots", {"suffix": "s"}, source_names="db")
    refused = await admin.post("volume-snapshots", {"suffix": "s"}, source_names="log,db")
    assert refused.refusal == "Volume snapshot already exists."
    assert (await admin.get("volume-snapshots")).names == ["db.s"]
    assert (await admin.post("volume-snapshots", source_names="log,gone")).refusal == "Volume does not exist."


async def test_the_array_numbers_cuts_that_nobody_named(admin: RestCaller, pg: str) -> None:
    assert (await admin.post("volume-snapshots", source_names="db")).names == ["db.1"]
    assert (await admin.post("protection-group-snapshots", source_names=pg)).names == ["pg.2"]


async def test_a_cut_of_a_destroyed_or_missing_group_is_refused(admin: RestCaller, pg: str) -> None:
    await admin.patch("protection-groups", {"destroyed": True}, names=pg)
    for resource in ("protection-group-snapshots", "protection-group-snapshots/test"):
        refused = await admin.post(resource, {"suffix": "a"}, source_names=pg)
        assert refused.refusal == "Protection group has been destroyed."
    await admin.delete("protection-groups", names=pg)
    refused = await admin.post("protection-group-snapshots", {"suffix": "a"}, source_names=pg)
    assert refused.refusal == "Protection group does not exist."


async def test_a_dry_run_says_what_would_happen_and_does_nothing(
    admin: RestCaller, emulator: FlashArrayEmulator, pg: str
) -> None:
    tries = [("protection-group-snapshots", pg), ("volume-snapshots", "db")]
    for resource, name in tries:
        fine = (await admin.post(f"{resource}/test", {"suffix": "a"}, source_names=name)).items[0]
        assert (fine["success"], fine["result_details"]) == (True, "")
        assert fine["resource"]["name"] == name
        assert f"{name}.a" not in (await admin.get(resource)).names
        await admin.post(resource, {"suffix": "a"}, source_names=name)
        taken = (await admin.post(f"{resource}/test", {"suffix": "a"}, source_names=name)).items[0]
        assert taken["success"] is False
        assert taken["result_details"].endswith("already exists.")
    emulator.inject(Fault("full", "POST volume-snapshots/test"))
    full = (await admin.post("volume-snapshots/test", {"suffix": "b"}, source_names="db")).items[0]
    assert full["result_details"] == "Volume snapshot limit reached."
    old = await admin.call("POST", "volume-snapshots/test", version="2.4")
    assert old.status == 404


async def test_a_member_joins_and_leaves_a_group(admin: RestCaller, pg: str) -> None:
    added = await admin.post("protection-groups/volumes", group_names=pg, member_names="other")
    assert [row["member"]["name"] for row in added.items] == ["other"]
    again = await admin.post("protection-groups/volumes", group_names=pg, member_names="other,db")
    assert again.refusal == "Volume already belongs to protection group pg."
    await admin.delete("protection-groups/volumes", group_names=pg, member_names="db")
    gone = await admin.delete("protection-groups/volumes", group_names=pg, member_names="db")
    assert gone.refusal == "Volume could not be found in protection group pg."
    rows = (await admin.get("protection-groups/volumes", group_names=pg)).items
    assert [row["member"]["name"] for row in rows] == ["log", "other"]
    assert (await admin.get("protection-groups", names=pg)).items[0]["volume_count"] == 2
    row = await admin.get("protection-groups/volumes", member_names="log")
    assert [found["group"]["name"] for found in row.items] == [pg]


async def test_an_admin_cuts_one_volume_behind_the_api(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    assert await asyncio.to_thread(emulator.admin_cut, "db", "mine") == "db.mine"
    assert (await admin.get("volume-snapshots")).names == ["db.mine"]
    for volume, suffix in (("gone", "a"), ("db", "mine"), ("db", "1")):
        with pytest.raises(ValueError, match=r"not exist|already|Invalid"):
            await asyncio.to_thread(emulator.admin_cut, volume, suffix)


async def test_a_clone_has_the_bytes_of_its_replica_and_a_name_of_its_own(
    admin: RestCaller, emulator: FlashArrayEmulator, pg: str
) -> None:
    write(path_of(emulator, "db"), b"then")
    await admin.post("protection-group-snapshots", {"suffix": "a"}, source_names=pg)
    write(path_of(emulator, "db"), b"now!")
    clone = (await admin.post("volumes", {"source": {"name": "pg.a.db"}}, names="copy")).items[0]
    assert clone["source"]["name"] == "db"
    assert emulator.replica_path("copy").read_bytes()[:4] == b"then"
    assert clone["serial"] != (await admin.get("volumes", names="db")).items[0]["serial"]
    live = await admin.post("volumes", {"source": {"name": "db"}}, names="live-copy")
    assert emulator.replica_path(live.names[0]).read_bytes()[:4] == b"now!"


async def test_overwriting_keeps_serial_and_connections(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    await admin.post("hosts", names="h")
    await admin.post("connections", host_names="h", volume_names="other")
    before = (await admin.get("volumes", names="other")).items[0]
    write(path_of(emulator, "db"), b"fresh")
    await admin.post("volume-snapshots", {"suffix": "s"}, source_names="db")
    taken = await admin.post("volumes", {"source": {"name": "db.s"}}, names="other")
    assert taken.refusal == "Volume already exists."
    after = await admin.post("volumes", {"source": {"name": "db.s"}}, names="other", overwrite="true")
    assert after.items[0]["serial"] == before["serial"]
    assert after.items[0]["connection_count"] == 1
    assert path_of(emulator, "other").read_bytes()[:5] == b"fresh"
    missing = await admin.post("volumes", {"source": {"name": "db.s"}}, names="new", overwrite="true")
    assert missing.refusal == "Volume does not exist."
    no_source = await admin.post("volumes", {"provisioned": MIB}, names="other", overwrite="true")
    assert "takes another one as source" in no_source.refusal
    itself = await admin.post("volumes", {"source": {"name": "other"}}, names="other", overwrite="true")
    assert itself.refusal == no_source.refusal
    assert path_of(emulator, "other").read_bytes()[:5] == b"fresh"


async def test_renaming_a_volume_renames_its_own_replicas(admin: RestCaller) -> None:
    await admin.post("volume-snapshots", {"suffix": "s"}, source_names="db")
    assert (await admin.patch("volumes", {"name": "mail"}, names="db")).names == ["mail"]
    assert (await admin.get("volume-snapshots")).names == ["mail.s"]
    assert (await admin.patch("volumes", {"name": "log"}, names="mail")).refusal == "Volume already exists."
    assert (await admin.patch("volume-snapshots", {"name": "mail.t"}, names="mail.s")).names == ["mail.t"]
    assert (await admin.patch("volume-snapshots", {"name": "log.t"}, names="mail.t")).status == 400


async def test_renaming_a_group_renames_its_cuts(admin: RestCaller, pg: str) -> None:
    await admin.post("protection-group-snapshots", {"suffix": "a"}, source_names=pg)
    await admin.patch("protection-groups", {"name": "new"}, names=pg)
    assert (await admin.get("protection-group-snapshots")).names == ["new.a"]
    assert (await admin.get("volume-snapshots", sort="name")).names == ["new.a.db", "new.a.log"]


async def test_resizing_keeps_the_bytes_and_never_truncates_by_accident(
    admin: RestCaller, emulator: FlashArrayEmulator
) -> None:
    write(path_of(emulator, "db"), b"kept")
    assert (await admin.patch("volumes", {"provisioned": 2 * MIB}, names="db")).items[0][
        "provisioned"
    ] == 2 * MIB
    assert path_of(emulator, "db").stat().st_size == 2 * MIB
    assert path_of(emulator, "db").read_bytes()[:4] == b"kept"
    assert "truncate" in (await admin.patch("volumes", {"provisioned": MIB}, names="db")).refusal
    smaller = await admin.patch("volumes", {"provisioned": MIB}, names="db", truncate="true")
    assert smaller.status == 200
