"""A clone connected to one host object among others, found, and withdrawn; and what that host then sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.judges.pure_flasharray.judge import Judge, done, refused

CLONE = "qsc-a-b-1-1"


def _clone(judge: Judge, client: Any) -> Any:
    """Make a clone of a replica of `db`, and two host objects."""
    sdk = judge.sdk
    done(
        client.post_volume_snapshots(
            source_names=["db"], volume_snapshot=sdk.VolumeSnapshotPost(suffix="ab-1")
        )
    )
    source = sdk.VolumePost(source=sdk.Reference(name="db.ab-1"))
    for name in ("quiesce1", "standby"):
        done(client.post_hosts(names=[name], host=sdk.HostPost()))
    return done(client.post_volumes(names=[CLONE], volume=source))[0]


def _seen(judge: Judge, host: str) -> set[str]:
    return {link.name for link in (Path(judge.array["fabric"]) / host).iterdir()}


def a_clone_is_connected_listed_and_withdrawn_by_name(judge: Judge) -> None:
    client = judge.client()
    clone = _clone(judge, client)
    made = done(client.post_connections(host_names=["quiesce1"], volume_names=[CLONE]))[0]
    assert (made.volume.id, made.volume.name) == (clone.id, CLONE)
    again = client.post_connections(host_names=["quiesce1"], volume_names=[CLONE])
    assert "already exists" in refused(again).message
    done(client.post_connections(host_names=["standby"], volume_names=[CLONE]))
    to_us = done(client.get_connections(host_names=["quiesce1"]))
    assert [(row.host.name, row.volume.id) for row in to_us] == [("quiesce1", clone.id)]
    everybody = done(client.get_connections(volume_names=[CLONE]))
    assert {row.host.name for row in everybody} == {"quiesce1", "standby"}
    gone = client.delete_connections(host_names=["quiesce1"], volume_names=[CLONE])
    assert (gone.status_code, gone.items) == (200, None)
    again = client.delete_connections(host_names=["quiesce1"], volume_names=[CLONE])
    assert "does not exist" in refused(again).message
    assert [row.host.name for row in done(client.get_connections(volume_names=[CLONE]))] == ["standby"]


def a_connected_clone_is_not_destroyed(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    _clone(judge, client)
    done(client.post_connections(host_names=["quiesce1"], volume_names=[CLONE]))
    destroy = sdk.VolumePatch(destroyed=True)
    error = refused(client.patch_volumes(names=[CLONE], volume=destroy))
    assert (error.context, "existing connections" in error.message) == (CLONE, True)
    client.delete_connections(host_names=["quiesce1"], volume_names=[CLONE])
    done(client.patch_volumes(names=[CLONE], volume=destroy))


def a_connection_through_a_host_group_says_so(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    _clone(judge, client)
    done(client.post_host_groups(names=["backup"]))
    done(client.post_host_groups_hosts(group_names=["backup"], member_names=["quiesce1"]))
    done(client.post_connections(host_group_names=["backup"], volume_names=[CLONE]))
    done(
        client.post_connections(
            host_names=["quiesce1"], volume_names=["log"], connection=sdk.ConnectionPost()
        )
    )
    rows = done(client.get_connections(host_names=["quiesce1"]))
    through = {row.volume.name: getattr(row.host_group, "name", None) for row in rows}
    assert through == {CLONE: "backup", "log": None}
    assert len(_seen(judge, "quiesce1")) == 2


def a_host_that_is_not_there_is_named(judge: Judge) -> None:
    client = judge.client()
    for asked in (
        client.get_hosts(names=["nobody"]),
        client.get_connections(host_names=["nobody"]),
        client.post_connections(host_names=["nobody"], volume_names=["db"]),
        client.delete_connections(host_names=["nobody"], volume_names=["db"]),
    ):
        error = refused(asked)
        assert (error.context, error.message) == ("nobody", "Host does not exist.")


def a_host_sees_the_serial_of_what_is_connected_to_it(judge: Judge) -> None:
    client = judge.client()
    clone = _clone(judge, client)
    done(client.post_connections(host_names=["quiesce1"], volume_names=[CLONE]))
    name = f"wwn-0x624a9370{clone.serial.lower()}"
    assert (_seen(judge, "quiesce1"), _seen(judge, "standby")) == ({name}, set())
    link = Path(judge.array["fabric"]) / "quiesce1" / name
    assert link.stat().st_size == clone.provisioned
    client.delete_connections(host_names=["quiesce1"], volume_names=[CLONE])
    assert _seen(judge, "quiesce1") == set()
