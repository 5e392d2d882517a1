"""Volumes, protection groups, cuts, clones, hosts."""

from __future__ import annotations

from typing import Any

from tests.judges.pure_flasharray.judge import Judge, done, refused

MIB = 1 << 20


def _group(judge: Judge, client: Any) -> None:
    done(client.post_protection_groups(names=["pg"]))
    done(client.post_protection_groups_volumes(group_names=["pg"], member_names=["db", "log"]))


def _cut(judge: Judge, client: Any, suffix: str = "ab-1") -> Any:
    body = judge.sdk.ProtectionGroupSnapshotPost(suffix=suffix)
    return client.post_protection_group_snapshots(source_names=["pg"], protection_group_snapshot=body)


def a_volume_is_found_by_its_serial(judge: Judge) -> None:
    client, serial = judge.client(), judge.serial("log")
    assert [volume.name for volume in done(client.get_volumes(filter=f"serial='{serial}'"))] == ["log"]
    built = judge.sdk.Volume.serial == serial
    assert [volume.name for volume in done(client.get_volumes(filter=built))] == ["log"]


def filters_that_the_sdk_builds_are_understood(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    name, destroyed = sdk.Volume.name, sdk.Volume.destroyed
    for built, found in (
        (sdk.Filter.or_(name == "db", name == "log"), ["db", "log"]),
        (sdk.Filter.and_(name == "*o*", name != "log"), ["other"]),
        (sdk.Filter.not_(name == "db"), ["log", "other"]),
        (sdk.Filter.in_(name, ["db", "other"]), ["db", "other"]),
        (sdk.Filter.eq(destroyed, False), ["db", "log", "other"]),
        (sdk.Filter.gt(sdk.Volume.provisioned, MIB), []),
    ):
        assert [volume.name for volume in done(client.get_volumes(filter=built))] == found, built


def listings_are_sorted_limited_and_paged(judge: Judge) -> None:
    client = judge.client()
    assert [volume.name for volume in done(client.get_volumes(sort=["name-"]))] == ["other", "log", "db"]
    first = client.get_volumes(limit=2, sort=["name"], total_item_count=True)
    assert first.total_item_count == 3
    token = first.continuation_token
    assert token
    assert [volume.name for volume in done(first)] == ["db", "log"]
    rest = client.get_volumes(limit=2, sort=["name"], continuation_token=token)
    assert [volume.name for volume in done(rest)] == ["other"]
    assert client.get_volumes(limit=0).total_item_count == 3


def the_sdk_pages_by_itself(judge: Judge) -> None:
    client = judge.client(auto_pagination_limit=1)
    assert [volume.name for volume in done(client.get_volumes(sort=["name"]))] == ["db", "log", "other"]
    assert judge.count("GET volumes") >= 3


def a_volume_lives_from_creation_to_eradication(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    made = done(client.post_volumes(names=["new"], volume=sdk.VolumePost(provisioned=MIB)))[0]
    assert (made.name, made.provisioned, made.destroyed) == ("new", MIB, False)
    assert len(made.serial) == 24
    bigger = sdk.VolumePatch(provisioned=2 * MIB)
    assert done(client.patch_volumes(names=["new"], volume=bigger))[0].provisioned == 2 * MIB
    done(client.patch_volumes(names=["new"], volume=sdk.VolumePatch(name="newer")))
    destroyed = done(client.patch_volumes(ids=[made.id], volume=sdk.VolumePatch(destroyed=True)))[0]
    assert destroyed.name == "newer"
    assert destroyed.time_remaining > 0
    assert [volume.name for volume in done(client.get_volumes(destroyed=True))] == ["newer"]
    taken = refused(client.post_volumes(names=["newer"], volume=sdk.VolumePost(provisioned=MIB)))
    assert "has been destroyed" in taken.message
    done(client.patch_volumes(names=["newer"], volume=sdk.VolumePatch(destroyed=False)))
    done(client.patch_volumes(names=["newer"], volume=sdk.VolumePatch(destroyed=True)))
    gone = client.delete_volumes(names=["newer"])
    assert (type(gone).__name__, gone.status_code, gone.items) == ("ValidResponse", 200, None)
    assert refused(client.get_volumes(names=["newer"])).message == "Volume does not exist."


def a_group_is_cut_at_one_instant(judge: Judge) -> None:
    client = judge.client()
    _group(judge, client)
    cut = done(_cut(judge, client))[0]
    assert (cut.name, cut.suffix, cut.source.name, cut.destroyed) == ("pg.ab-1", "ab-1", "pg", False)
    members = done(client.get_volume_snapshots(destroyed=False, filter="name='pg.ab-1.*'"))
    assert sorted(member.name for member in members) == ["pg.ab-1.db", "pg.ab-1.log"]
    assert {member.created for member in members} == {cut.created}
    assert {member.source.id for member in members} == {
        volume.id for volume in done(client.get_volumes(names=["db", "log"]))
    }
    by_source = done(client.get_volume_snapshots(source_names=["db"]))
    assert [member.name for member in by_source] == ["pg.ab-1.db"]
    assert refused(_cut(judge, client)).message == "Protection group snapshot already exists."


def volumes_are_cut_together_without_a_group(judge: Judge) -> None:
    client = judge.client()
    body = judge.sdk.VolumeSnapshotPost(suffix="ab-1")
    cut = done(client.post_volume_snapshots(source_names=["db", "log"], volume_snapshot=body))
    assert [replica.name for replica in cut] == ["db.ab-1", "log.ab-1"]
    assert len({replica.created for replica in cut}) == 1
    again = client.post_volume_snapshots(source_names=["db", "log"], volume_snapshot=body)
    assert "already exists" in refused(again).message


def a_dry_run_cuts_nothing(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    _group(judge, client)
    group_body, body = sdk.ProtectionGroupSnapshotPost(suffix="t-1"), sdk.VolumeSnapshotPost(suffix="t-1")
    tried = client.post_protection_group_snapshots_test(
        source_names=["pg"], protection_group_snapshot=group_body
    )
    assert [report.success for report in done(tried)] == [True]
    tried = client.post_volume_snapshots_test(source_names=["db", "log"], volume_snapshot=body)
    assert [(report.resource.name, report.success) for report in done(tried)] == [("db", True), ("log", True)]
    assert done(client.get_volume_snapshots()) == []


def members_join_leave_and_are_listed(judge: Judge) -> None:
    client = judge.client()
    _group(judge, client)
    again = client.post_protection_groups_volumes(group_names=["pg"], member_names=["db"])
    assert "already belongs to" in refused(again).message
    rows = done(client.get_protection_groups_volumes(group_names=["pg"]))
    assert [(row.group.name, row.member.name) for row in rows] == [("pg", "db"), ("pg", "log")]
    gone = client.delete_protection_groups_volumes(group_names=["pg"], member_names=["db"])
    assert gone.items is None
    assert done(client.get_protection_groups(names=["pg"]))[0].volume_count == 1


def a_cut_is_destroyed_with_its_members_only(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    _group(judge, client)
    done(_cut(judge, client))
    alone = client.patch_volume_snapshots(
        names=["pg.ab-1.db"], volume_snapshot=sdk.VolumeSnapshotPatch(destroyed=True)
    )
    assert "part of a protection group snapshot" in refused(alone).message
    destroy = sdk.ProtectionGroupSnapshotPatch(destroyed=True)
    done(client.patch_protection_group_snapshots(names=["pg.ab-1"], protection_group_snapshot=destroy))
    assert len(done(client.get_volume_snapshots(destroyed=True))) == 2
    assert client.delete_protection_group_snapshots(names=["pg.ab-1"]).items is None
    assert done(client.get_volume_snapshots()) == []
    done(client.patch_protection_groups(names=["pg"], protection_group=sdk.ProtectionGroup(destroyed=True)))
    assert client.delete_protection_groups(names=["pg"]).items is None
    assert done(client.get_protection_groups()) == []


def a_ratcheted_group_keeps_what_it_has(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    _group(judge, client)
    lock = sdk.ProtectionGroup(retention_lock="ratcheted")
    locked = done(client.patch_protection_groups(names=["pg"], protection_group=lock))[0]
    assert locked.retention_lock == "ratcheted"
    assert locked.eradication_config.manual_eradication == "disabled"
    destroy = sdk.ProtectionGroup(destroyed=True)
    assert (
        "ratcheted" in refused(client.patch_protection_groups(names=["pg"], protection_group=destroy)).message
    )
    leave = client.delete_protection_groups_volumes(group_names=["pg"], member_names=["db"])
    assert "ratcheted" in refused(leave).message


def eradication_that_is_disabled_is_refused(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    config = done(client.get_arrays())[0].eradication_config
    assert (config.manual_eradication, config.eradication_delay) == ("all-enabled", 86_400_000)
    longer = sdk.Arrays(eradication_config=sdk.EradicationConfig(eradication_delay=2 * 86_400_000))
    done(client.patch_arrays(array=longer))
    destroyed = done(client.patch_volumes(names=["db"], volume=sdk.VolumePatch(destroyed=True)))[0]
    assert destroyed.time_remaining > 86_400_000
    judge.inject("refuse-eradication", "DELETE volumes")
    assert "disabled" in refused(client.delete_volumes(names=["db"])).message


def a_replica_becomes_a_volume_of_its_own(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    _group(judge, client)
    done(_cut(judge, client))
    source = sdk.VolumePost(source=sdk.Reference(name="pg.ab-1.db"))
    clone = done(client.post_volumes(names=["clone1"], volume=source, with_default_protection=False))[0]
    assert clone.source.name == "db"
    assert clone.serial != judge.serial("db")
    exists = client.post_volumes(names=["clone1"], volume=source)
    assert "already exists" in refused(exists).message
    again = done(client.post_volumes(names=["clone1"], volume=source, overwrite=True))[0]
    assert (again.id, again.serial) == (clone.id, clone.serial)
    assert set(judge.control("replicas")) == {"pg.ab-1.db", "pg.ab-1.log", "clone1"}


def a_volume_is_presented_and_withdrawn(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    host = done(client.post_hosts(names=["h1"], host=sdk.HostPost(iqns=["iqn.2001-04.com.example:h1"])))[0]
    assert host.iqns == ["iqn.2001-04.com.example:h1"]
    row = done(client.post_connections(host_names=["h1"], volume_names=["db"]))[0]
    assert (row.host.name, row.volume.name, row.lun) == ("h1", "db", 1)
    asked = sdk.ConnectionPost(lun=7)
    assert (
        done(client.post_connections(host_names=["h1"], volume_names=["log"], connection=asked))[0].lun == 7
    )
    assert len(done(client.get_connections(host_names=["h1"]))) == 2
    destroy = client.patch_volumes(names=["db"], volume=sdk.VolumePatch(destroyed=True))
    assert "existing connections" in refused(destroy).message
    assert client.delete_connections(host_names=["h1"], volume_names=["db", "log"]).items is None
    assert client.delete_hosts(names=["h1"]).items is None


def a_host_group_shares_its_connections(judge: Judge) -> None:
    client, sdk = judge.client(), judge.sdk
    done(client.post_hosts(names=["h1"], host=sdk.HostPost()))
    done(client.post_host_groups(names=["hg"]))
    done(client.post_host_groups_hosts(group_names=["hg"], member_names=["h1"]))
    row = done(client.post_connections(host_group_names=["hg"], volume_names=["db"]))[0]
    assert (row.host.name, row.host_group.name, row.lun) == ("h1", "hg", 254)
    members = done(client.get_host_groups_hosts(group_names=["hg"]))
    assert [member.member.name for member in members] == ["h1"]


def every_model_can_be_shown_whole(judge: Judge) -> None:
    client = judge.client()
    _group(judge, client)
    done(_cut(judge, client))
    for listing in (
        client.get_arrays,
        client.get_admins,
        client.get_controllers,
        client.get_volumes,
        client.get_volume_snapshots,
        client.get_protection_groups,
        client.get_protection_group_snapshots,
        client.get_protection_groups_volumes,
    ):
        shown = listing().to_dict()
        assert shown["items"], listing
        assert shown["more_items_remaining"] is False


def a_refusal_names_object_and_reason(judge: Judge) -> None:
    error = refused(judge.client().get_volumes(names=["gone"]))
    assert (error.context, error.message) == ("gone", "Volume does not exist.")
