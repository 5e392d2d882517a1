"""Clones come from replicas of a cut only; deletion takes exactly what it is told, and never a stranger's."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ArrayRejected, Refused
from orchestrator.model.arrays import ArmedCut, ObjectKind, OwnedObject
from orchestrator.model.names import ObjectNames
from tests.providers.software_reflink.stand import LUNS, MIB, NAMES, Stand, connected, lun_id, make_lun

pytestmark = pytest.mark.real

CUT = f"{NAMES.stem}.cut"
CLONES = f"{NAMES.stem}-clones"


async def test_each_replica_becomes_one_writable_file_with_its_bytes(stand: Stand) -> None:
    _, members = await stand.cut()
    clones = await stand.provider.clone(members, NAMES)
    assert [clone.replica_id for clone in clones] == [member.replica_id for member in members]
    for clone, member in zip(clones, members, strict=True):
        replica, file = stand.private / member.replica_name, stand.private / clone.volume.name
        assert clone.volume.ours
        assert clone.volume.size_bytes == MIB
        assert file.read_bytes() == replica.read_bytes()
        before = replica.read_bytes()
        make_lun(file)
        assert replica.read_bytes() == before
    found = await stand.provider.locate([clone.volume.lun_id for clone in clones])
    assert [item.ours for item in found.values()] == [True, True]


async def test_cloning_twice_yields_the_same_ones(stand: Stand) -> None:
    _, members = await stand.cut()
    first = await stand.provider.clone(members, NAMES)
    async with connected(stand.folder) as other:
        second = await other.clone(list(reversed(members)), NAMES)
    assert list(reversed(second)) == list(first)


async def test_a_file_that_only_has_the_name_of_a_clone_is_not_taken_for_one(stand: Stand) -> None:
    _, members = await stand.cut()
    (stand.private / CLONES).mkdir()
    make_lun(stand.private / CLONES / LUNS[0])
    before = (stand.private / CLONES / LUNS[0]).read_bytes()
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.clone(members, NAMES)
    assert caught.value.code == "array.name-taken"
    assert (stand.private / CLONES / LUNS[0]).read_bytes() == before


async def test_a_clone_of_another_replica_is_not_taken_for_this_ones(stand: Stand) -> None:
    second = ObjectNames(NAMES.installation, NAMES.run_id, 2)
    _, members = await stand.cut()
    _, others = await stand.cut(second)
    await stand.provider.clone(members, NAMES)
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.clone(others, NAMES)
    assert caught.value.code == "array.name-taken"


@pytest.mark.parametrize(
    "change",
    [
        {"replica_id": "another"},
        {"replica_name": f"{CUT}/another.img"},
        {"replica_name": f"{NAMES.stem}9.cut/{LUNS[0]}"},
    ],
)
async def test_a_replica_that_is_not_the_one_that_was_cut_is_not_cloned(
    stand: Stand, change: dict[str, Any]
) -> None:
    _, (member, _) = await stand.cut()
    with pytest.raises(ArrayRejected, match="is gone"):
        await stand.provider.clone([replace(member, **change)], NAMES)
    assert await stand.left() == {CUT: "live", CLONES: "live"}  # a folder with nothing in it
    assert await stand.provider.delete(await stand.provider.owned(CLONES)) == []
    assert stand.names() == [CUT]


@pytest.mark.parametrize(
    "name",
    [
        LUNS[0],
        f"luns/{LUNS[0]}",
        f"../luns/{LUNS[0]}",
        f"{CUT}/../../luns/{LUNS[0]}",
        f"{NAMES.stem}.armed/{LUNS[0]}",
        f"{CUT}/..",
    ],
)
async def test_a_live_lun_file_is_never_the_source_of_a_clone(stand: Stand, name: str) -> None:
    _, (member, _) = await stand.cut()
    file = stand.luns / LUNS[0]
    forged = replace(member, replica_name=name, replica_id=f"file-{file.stat().st_ino}-0")
    with pytest.raises(Refused) as caught:
        await stand.provider.clone([forged], NAMES)
    assert caught.value.code == "policy.break-off-refused"
    assert not list((stand.private / CLONES).iterdir())


async def test_owned_lists_every_object_of_ours_and_nothing_else(stand: Stand) -> None:
    _, members = await stand.cut()
    await stand.provider.clone(members, NAMES)
    await stand.arm(ObjectNames(NAMES.installation, NAMES.run_id, 2))
    (stand.private / "notes").write_text("x")
    (stand.private / f"{NAMES.stem}-notes").write_text("x")
    (stand.private / f"x-{CUT}").mkdir()
    assert {item.name: item.kind for item in await stand.provider.owned("qsc-abc234-")} == {
        CUT: ObjectKind.CUT,
        f"{NAMES.stem[:-1]}2.armed": ObjectKind.CONSISTENCY_GROUP,
        **{f"{CLONES}/{name}": ObjectKind.CLONE for name in LUNS},
    }
    assert await stand.provider.owned("qsc-other1-") == []


async def test_deleting_everything_of_an_attempt_leaves_nothing_of_it(stand: Stand) -> None:
    _, members = await stand.cut()
    await stand.provider.clone(members, NAMES)
    objects = await stand.provider.owned(NAMES.stem)
    assert await stand.provider.delete(objects) == []
    assert await stand.provider.delete(objects) == []
    assert stand.names() == []


async def test_a_clone_alone_can_be_deleted(stand: Stand) -> None:
    _, members = await stand.cut()
    await stand.provider.clone(members, NAMES)
    (clone,) = [item for item in await stand.provider.owned(NAMES.stem) if item.name.endswith(LUNS[0])]
    await stand.provider.delete([clone])
    assert set(await stand.left()) == {CUT, f"{CLONES}/{LUNS[1]}"}


async def test_deleting_what_is_armed_closes_it(stand: Stand) -> None:
    armed = await stand.arm()
    await stand.provider.delete(await stand.provider.owned(NAMES.stem))
    assert stand.names() == []
    with pytest.raises(ArrayRejected, match="is not armed"):
        await stand.commit(armed)


@pytest.mark.parametrize("kind", [ObjectKind.CUT, ObjectKind.CLONE])
async def test_an_object_that_only_has_the_name_is_not_deleted(stand: Stand, kind: ObjectKind) -> None:
    _, members = await stand.cut()
    await stand.provider.clone(members, NAMES)
    name = CUT if kind is ObjectKind.CUT else f"{CLONES}/{LUNS[0]}"
    before = await stand.left()
    assert await stand.provider.delete([OwnedObject(kind, "another-id", name)]) == []
    assert await stand.left() == before


@pytest.mark.parametrize(
    "name", ["../luns/db.img", "luns/db.img", f"{CLONES}/../../luns/db.img", "store.json"]
)
async def test_a_name_that_leads_elsewhere_deletes_nothing(stand: Stand, name: str) -> None:
    for kind in ObjectKind:
        await stand.provider.delete([OwnedObject(kind, stand.volumes[0].volume_id, name)])
        clone_id = stand.volumes[0].volume_id.replace("lun", "clone")
        await stand.provider.delete([OwnedObject(kind, clone_id, name)])
    assert (stand.luns / LUNS[0]).exists()
    assert (stand.private / "store.json").exists()


async def test_foreign_objects_with_our_prefix_are_untouched(stand: Stand) -> None:
    folder = stand.private / f"{NAMES.stem}.armed"
    folder.mkdir()
    strangers = [
        stand.private / f"{NAMES.stem}-notes.txt",
        stand.private / f"{NAMES.stem}9.cut",
        stand.private / "qsc-abc234-strangers",
    ]
    for path in strangers:
        path.write_text("theirs")
    armed = await stand.arm()
    await stand.commit(armed)
    inside = stand.private / CUT / "theirs.txt"
    inside.write_text("theirs")
    await stand.provider.abort(ArmedCut(NAMES, ()))
    await stand.provider.delete(await stand.provider.owned("qsc-"))
    (void,) = [path for path in stand.private.iterdir() if ".void-" in path.name]
    assert [path.name for path in void.iterdir()] == ["theirs.txt"]
    assert all(path.read_text() == "theirs" for path in strangers)


async def test_owned_lists_void_pending_objects(stand: Stand) -> None:
    armed, _ = await stand.cut()
    inside = stand.private / CUT / "theirs.txt"
    inside.write_text("theirs")
    await stand.provider.abort(armed)
    (void,) = await stand.provider.owned(NAMES.stem)
    assert (void.kind, void.state) == (ObjectKind.CONSISTENCY_GROUP, "void-pending")
    assert NAMES.covers(void.name)
    assert [item.state for item in await stand.provider.delete([void])] == ["void-pending"]
    _, members = await stand.cut()  # in nobody's way
    assert len(members) == len(LUNS)
    (stand.private / void.name / "theirs.txt").unlink()
    assert await stand.provider.delete([void]) == []
    assert await stand.left() == {CUT: "live"}


async def test_a_subvolume_of_somebody_else_is_not_destroyed(subvolume_stand: Stand) -> None:
    stand = subvolume_stand
    await stand.arm()
    theirs = stand.private / f"{NAMES.stem}.armed" / "luns"
    subprocess.run(["btrfs", "-q", "subvolume", "create", theirs], check=True)  # noqa: ASYNC221 - a test may wait for it
    (theirs / "precious").write_text("x")
    await stand.provider.abort(ArmedCut(NAMES, ()))
    (left,) = stand.private.glob("*.void-*/luns/precious")
    assert left.read_text() == "x"


async def test_a_clone_that_somebody_has_open_is_void_pending_until_it_is_closed(stand: Stand) -> None:
    _, members = await stand.cut()
    (clone, _) = await stand.provider.clone(members, NAMES)
    objects = await stand.provider.owned(CLONES)
    with (stand.private / clone.volume.name).open("rb"):
        kept = await stand.provider.delete(objects)
        assert [(item.name, item.state) for item in kept] == [(clone.volume.name, "void-pending")]
        assert (stand.private / clone.volume.name).exists()
    assert await stand.provider.delete(kept) == []
    assert stand.names() == [CUT]


async def test_the_cut_can_go_while_its_clones_stay(stand: Stand) -> None:
    armed, members = await stand.cut()
    clones = await stand.provider.clone(members, NAMES)
    before = [(stand.private / clone.volume.name).read_bytes() for clone in clones]
    await stand.provider.abort(armed)
    assert [(stand.private / clone.volume.name).read_bytes() for clone in clones] == before
    assert stand.names() == [CLONES]


async def test_replicas_and_clones_are_located_as_ours_and_lun_files_are_not(stand: Stand) -> None:
    _, members = await stand.cut()
    clones = await stand.provider.clone(members, NAMES)
    paths: list[Path] = [stand.private / member.replica_name for member in members]
    paths += [stand.private / clone.volume.name for clone in clones]
    for path in paths:
        (copy,) = (await stand.provider.locate([lun_id(path)])).values()
        assert copy.ours
    found = await stand.provider.locate([item.lun_id for item in stand.volumes])
    assert [item.ours for item in found.values()] == [False, False]


async def test_a_hard_link_is_the_same_array_volume(stand: Stand) -> None:
    os.link(stand.luns / LUNS[0], stand.luns / "alias.img")
    found = await stand.provider.locate([stand.volumes[0].lun_id])
    assert found[stand.volumes[0].lun_id].volume_id == stand.volumes[0].volume_id
