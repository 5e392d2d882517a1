from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from orchestrator.errors import ArrayBusy, ArrayRejected
from orchestrator.model.arrays import ArmedCut, ObjectKind, OwnedObject
from providers.qemu_block.daemon import Daemon
from providers.qemu_block.provider import VOLUMES_PER_CUT, QemuBlockProvider
from tests.providers.qemu_block.daemon import AdminRefused, TestDaemon, backing_file, daemon
from tests.providers.qemu_block.desk import NAMES, Desk, connected, named

pytestmark = pytest.mark.real

STEM: Final = NAMES.stem
OVERLAYS: Final = {"lun0": f"{STEM}.01.lun0.qcow2", "lun1": f"{STEM}.02.lun1.qcow2"}


async def test_array_volumes_are_located_by_what_the_host_sees(desk: Desk) -> None:
    assert [(item.volume_id, item.size_bytes, item.ours) for item in desk.volumes] == [
        ("lun0", 8 << 20, False),
        ("lun1", 8 << 20, False),
    ]
    assert await desk.provider.locate(["file.0:0-1", "naa.6000"]) == {}
    desk.served.ask("block-export-del", {"id": "lun0"})
    assert list(await desk.provider.locate([item.lun_id for item in desk.volumes])) == [
        desk.volumes[1].lun_id
    ]


async def test_one_request_per_cut(desk: Desk, sent: list[str]) -> None:
    armed = await desk.arm()
    sent.clear()
    await desk.provider.commit(armed, desk.token)
    assert sent == ["transaction"]


async def test_a_cut_is_armed_made_and_confirmed(desk: Desk) -> None:
    before = desk.served.digest("lun0")
    armed = await desk.arm()
    assert await desk.left() == {STEM: "live"}
    assert {lun: desk.served.chain(lun) for lun in desk.served.ids} == {
        "lun0": ["lun0.raw"],
        "lun1": ["lun1.raw"],
    }
    asked_at = datetime.now(UTC)
    answer = await desk.provider.commit(armed, desk.token)
    answered_at = datetime.now(UTC)
    members = await desk.provider.confirm(armed, answer)
    assert (answer.cut_id, answer.cut_name) == (f"{STEM}.cut", f"{STEM}.cut")
    assert [(each.source_volume_id, each.replica_name) for each in members] == [
        ("lun0", f"{STEM}.01.lun0"),
        ("lun1", f"{STEM}.02.lun1"),
    ]
    assert all(asked_at <= each.cut_at <= answered_at for each in members)
    assert {lun: desk.served.chain(lun)[0] for lun in desk.served.ids} == OVERLAYS
    assert desk.served.digest("lun0") == before
    assert await desk.left() == {f"{STEM}.cut": "live"}


async def test_the_head_of_every_overlay_names_its_layer_before_the_cut(desk: Desk) -> None:
    await desk.arm()
    below = {lun: backing_file(desk.served.folder / file) for lun, file in OVERLAYS.items()}
    assert below == {lun: str(desk.served.home / f"{lun}.raw") for lun in desk.served.ids}


async def test_arming_twice_yields_one_consistency_group(desk: Desk, provider: QemuBlockProvider) -> None:
    first = await desk.arm()
    nodes, files = desk.served.nodes(), desk.served.files()
    assert await desk.arm() == first
    assert (desk.served.nodes(), desk.served.files()) == (nodes, files)
    await provider.confirm(first, await provider.commit(first, desk.token))
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.name-taken"


async def test_arming_goes_on_where_it_was_interrupted(desk: Desk) -> None:
    (desk.served.folder / OVERLAYS["lun0"]).write_bytes(b"QF")
    await desk.arm()
    desk.served.ask("blockdev-del", {"node-name": f"{STEM}.02"})
    armed = await desk.arm()
    await desk.provider.confirm(armed, await desk.provider.commit(armed, desk.token))


async def test_a_job_that_an_interrupted_arming_has_left_is_ended_first(desk: Desk) -> None:
    options = {"driver": "file", "filename": str(desk.served.home / "rest"), "size": 0}
    desk.served.ask("blockdev-create", {"job-id": f"{STEM}.01.file", "options": options})
    await desk.arm()
    assert desk.served.ask("query-jobs") == []


async def test_overlays_are_on_the_disk_before_the_cut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr("providers.qemu_block.store.sync", lambda path: synced.append(path.name))
    await desk.arm()
    assert synced == [OVERLAYS["lun0"], "store", OVERLAYS["lun1"], "store"]


async def test_two_runs_never_arm_the_same_array_volume(desk: Desk) -> None:
    await desk.arm()
    with pytest.raises(ArrayBusy, match="another run is armed"):
        await desk.arm(named(2))
    await desk.provider.abort(ArmedCut(NAMES, ()))
    await desk.provider.abort(ArmedCut(named(2), ()))
    assert (await desk.left(), desk.served.files()) == ({}, [])
    await desk.arm(named(3))


async def test_a_layer_that_changed_after_arming_is_not_armed_again(desk: Desk) -> None:
    await desk.arm()
    below = desk.served.home / "lun0.raw"
    options = {"driver": "qcow2", "file": {"driver": "file", "filename": str(desk.served.home / "x.qcow2")}}
    desk.served.image("x.qcow2", below)
    desk.served.ask("blockdev-add", {**options, "node-name": "x", "backing": None})
    desk.served.ask("blockdev-snapshot", {"node": "lun0-base", "overlay": "x"})
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.members-changed"


async def test_a_full_array_is_found_before_the_freeze(served: TestDaemon) -> None:
    async with connected(served, reserve_mib=1 << 30) as provider:
        desk = await Desk.plan(served, provider)
        with pytest.raises(ArrayRejected) as caught:
            await desk.arm()
    assert caught.value.code == "array.full"
    assert served.files() == []


async def test_an_array_volume_that_is_gone_is_refused_before_the_freeze(desk: Desk) -> None:
    desk.served.ask("block-export-del", {"id": "lun1"})
    with pytest.raises(ArrayRejected, match="lun1 cannot be cut: it is not exported") as caught:
        await desk.arm()
    assert caught.value.code == "array.volume-not-supported"
    assert desk.served.files() == []


async def test_an_array_volume_that_is_no_file_is_refused_before_the_freeze(desk: Desk) -> None:
    served = desk.served
    served.ask("block-export-del", {"id": "lun1"})
    served.ask("blockdev-add", {"driver": "null-co", "node-name": "none", "size": 8 << 20})
    export = {"type": "fuse", "id": "lun1", "node-name": "none", "mountpoint": str(served.exports / "lun1")}
    served.ask("block-export-add", {**export, "writable": True})
    with pytest.raises(ArrayRejected) as caught:
        await desk.arm()
    assert caught.value.code == "array.volume-not-supported"


async def test_abort_before_the_cut_leaves_nothing(desk: Desk) -> None:
    before = desk.served.nodes()
    await desk.arm()
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert (await desk.left(), desk.served.files(), desk.served.nodes()) == ({}, [], before)
    await desk.provider.abort(ArmedCut(NAMES, ()))


async def test_a_cut_request_that_comes_after_the_abort_fails(desk: Desk) -> None:
    armed = await desk.arm()
    await desk.provider.abort(ArmedCut(NAMES, ()))
    with pytest.raises(ArrayRejected):
        await desk.provider.commit(armed, desk.token)
    actions = [
        {"type": "blockdev-snapshot", "data": {"node": f"{lun}-base", "overlay": f"{STEM}.0{number}"}}
        for number, lun in enumerate(desk.served.ids, 1)
    ]
    with pytest.raises(AdminRefused, match="Cannot find"):
        desk.served.ask("transaction", {"actions": actions})
    assert [desk.served.chain(lun) for lun in desk.served.ids] == [["lun0.raw"], ["lun1.raw"]]


async def test_a_cut_between_a_look_and_the_removal_is_seen(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = await desk.arm()
    graph, looks = Daemon.graph, []

    async def cut_after_the_second_look(daemon: Daemon) -> object:
        found = await graph(daemon)
        looks.append(found)
        if len(looks) == 4:
            await desk.provider.commit(armed, desk.token)
            desk.served.write("lun0", "newest")
        return found

    monkeypatch.setattr(Daemon, "graph", cut_after_the_second_look)
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert len(looks) > 4
    assert {lun: desk.served.chain(lun)[0] for lun in desk.served.ids} == OVERLAYS
    assert await desk.left() == {f"{STEM}.cut": "void-pending"}


async def test_no_file_is_deleted_that_a_node_has_open(desk: Desk) -> None:
    await desk.arm()
    file = {"driver": "file", "filename": str(desk.served.folder / OVERLAYS["lun0"])}
    second = {"driver": "qcow2", "file": file, "backing": None, "read-only": True, "force-share": True}
    desk.served.ask("blockdev-add", {**second, "node-name": "second"})
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert "second" not in desk.served.nodes()
    assert desk.served.files() == []


async def test_owned_lists_void_pending_objects_after_an_abort_too_late(desk: Desk) -> None:
    desk.served.write("lun0", "before")
    armed, _ = await desk.cut()
    desk.served.write("lun0", "after")
    newest = desk.served.digest("lun0")
    await desk.provider.abort(armed)
    assert await desk.left() == {f"{STEM}.cut": "void-pending"}
    assert await desk.delete_all(NAMES) == {f"{STEM}.cut": "void-pending"}
    assert desk.served.digest("lun0") == newest

    # A newer cut comes on top: the next removal of anything takes the void one away.
    await desk.cut(named(2))
    assert len(desk.served.chain("lun0")) == 3
    await desk.provider.abort(ArmedCut(named(3), ()))
    assert await desk.left() == {f"{named(2).stem}.cut": "live"}
    assert len(desk.served.chain("lun0")) == 2
    assert desk.served.digest("lun0") == newest
    assert not [file for file in desk.served.files() if STEM in file]


async def test_an_unknown_object_is_deleted_already(desk: Desk) -> None:
    every = [OwnedObject(kind, f"{STEM}-7", f"{STEM}-7") for kind in ObjectKind]
    assert await desk.provider.delete(every) == []


async def test_foreign_objects_with_our_prefix_are_untouched(desk: Desk) -> None:
    served = desk.served
    for name in ("qsc-abc234-mine", f"{STEM}x", "qsc-abc234-other", f"{STEM}0.01.lun0"):
        served.image(f"store/{name}.qcow2", served.home / "lun0.raw")
    file = {"driver": "file", "filename": str(served.home / "lun1.raw"), "read-only": True}
    served.ask("blockdev-add", {**file, "node-name": "qsc-abc234-node", "force-share": True})
    before = served.files(), served.nodes()
    await desk.provider.abort(ArmedCut(NAMES, ()))
    found = await desk.provider.owned("qsc-abc234-")
    assert [item.name for item in found] == [f"{STEM}0"]
    foreign = [OwnedObject(kind, name, name) for kind in ObjectKind for name in ("qsc-abc234-node", "lun0")]
    assert await desk.provider.delete(foreign) == []
    assert (served.files(), served.nodes()) == before


async def test_volumes_per_cut_is_measured(place: Path) -> None:
    with daemon(place, VOLUMES_PER_CUT) as served:
        async with connected(served) as provider:
            desk = await Desk.plan(served, provider)
            _, members = await desk.cut()
    assert len(members) == len({each.replica_id for each in members}) == VOLUMES_PER_CUT


async def test_a_cut_keeps_to_the_forecast(desk: Desk) -> None:
    forecast = await desk.provider.forecast(desk.volumes)
    assert forecast is not None
    took_s = []
    for run in range(5):
        armed, token = await desk.arm(named(run)), desk.token
        began = time.perf_counter()
        await desk.provider.commit(armed, token)
        took_s.append(time.perf_counter() - began)
    assert min(took_s) < forecast.cut_s
