from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

import pytest

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ArmedCut, ArrayVolume
from tests.providers.qemu_block.daemon import TestDaemon, detach, digest, loops_under, mounts_under, run
from tests.providers.qemu_block.desk import NAMES, Desk, lun_id, named

pytestmark = pytest.mark.real

STEM: Final = NAMES.stem


async def cloned(desk: Desk) -> Sequence[ArrayVolume]:
    """Make a cut, and clones of it, and let the host write on."""
    desk.served.write("lun0", "before the cut")
    _, members = await desk.cut()
    desk.served.write("lun0", "after the cut")
    return [each.volume for each in await desk.provider.clone(members, NAMES)]


async def test_a_clone_holds_what_was_there_at_the_cut(desk: Desk) -> None:
    before = [desk.served.digest(lun) for lun in desk.served.ids]
    _, members = await desk.cut()
    for lun in desk.served.ids:
        desk.served.write(lun, "after the cut")
    made = await desk.provider.clone(members, NAMES)
    assert [each.replica_id for each in made] == [each.replica_id for each in members]
    assert [(each.volume.name, each.volume.ours) for each in made] == [
        (f"{STEM}-1", True),
        (f"{STEM}-2", True),
    ]
    shown = await desk.provider.present([each.volume for each in made])
    assert [digest(Path(each.file)) for each in shown] == before
    assert [digest(Path(each.device)) for each in shown] == before
    await desk.provider.withdraw([each.volume for each in made])
    assert loops_under(desk.served.home) == []


async def test_cloning_twice_yields_the_same_ones(desk: Desk) -> None:
    _, members = await desk.cut()
    first = await desk.provider.clone(members, NAMES)
    files, nodes = desk.served.files(), desk.served.nodes()
    assert await desk.provider.clone(members, NAMES) == first
    backwards = await desk.provider.clone(members[::-1], NAMES)
    assert backwards == first[::-1]
    assert (desk.served.files(), desk.served.nodes()) == (files, nodes)


async def test_cloning_goes_on_where_it_was_interrupted(desk: Desk) -> None:
    _, members = await desk.cut()
    (desk.served.folder / "clones" / f"{STEM}-1.qcow2").write_bytes(b"QF")
    made = await desk.provider.clone(members, NAMES)
    desk.served.ask("blockdev-del", {"node-name": f"{STEM}-2"})
    assert await desk.provider.clone(members, NAMES) == made
    assert {f"{STEM}-1", f"{STEM}-2"} <= desk.served.nodes()


async def test_the_name_of_another_replicas_clone_is_taken(desk: Desk) -> None:
    _, members = await desk.cut()
    await desk.provider.clone(members[:1], NAMES)
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.clone(members[1:], NAMES)
    assert caught.value.code == "array.name-taken"


@pytest.mark.parametrize("replica_id", ["lun0", f"{named(9).stem}.01.lun0"])
async def test_only_replicas_are_cloned(desk: Desk, replica_id: str) -> None:
    _, members = await desk.cut()
    with pytest.raises(ArrayRejected, match="is gone"):
        await desk.provider.clone([replace(members[0], replica_id=replica_id)], NAMES)
    assert await desk.clones() == []


async def test_presenting_twice_yields_the_same_presentations(desk: Desk) -> None:
    made = await cloned(desk)
    first = await desk.provider.present(made)
    assert await desk.provider.present(made) == first
    assert len(loops_under(desk.served.home)) == 2
    await desk.provider.withdraw(made)
    await desk.provider.withdraw(made)


async def test_a_presented_clone_is_read_only_and_known_as_ours(desk: Desk) -> None:
    made = await cloned(desk)
    (shown, _) = await desk.provider.present(made)
    for path in (shown.file, shown.device):
        with pytest.raises(OSError, match=r"Permission|not permitted"):
            write(path)
    seen = lun_id(Path(shown.file))
    assert await desk.provider.locate([seen]) == {
        seen: replace(made[0], lun_id=seen),
    }
    await desk.provider.withdraw(made)


async def test_a_clone_that_is_not_there_is_not_presented(desk: Desk) -> None:
    for name in (f"{STEM}-1", "lun0"):
        with pytest.raises(ArrayRejected, match="there is no clone"):
            await desk.provider.present([replace(desk.volumes[0], volume_id=name)])
    await desk.provider.withdraw([replace(desk.volumes[0], volume_id=f"{STEM}-1")])
    await desk.provider.withdraw(desk.volumes)  # not ours to withdraw
    assert len(desk.served.ask("query-block-exports")) == 2


async def test_a_clone_that_somebody_reads_is_in_use(desk: Desk) -> None:
    made = await cloned(desk)
    (shown, _) = await desk.provider.present(made)
    with open_file(shown.file) as file:
        for deed in (desk.provider.withdraw(made), desk.provider.abort(ArmedCut(NAMES, ()))):
            with pytest.raises(ArrayRejected) as caught:
                await deed
            assert caught.value.code == "array.in-use"
        assert file.read(6) == b"before"
    await desk.provider.withdraw(made)


async def test_a_clone_under_somebodys_own_loop_device_is_in_use(desk: Desk) -> None:
    made = await cloned(desk)
    (shown, _) = await desk.provider.present(made)
    device = run("losetup", "--find", "--show", "--read-only", "--offset", "4096", shown.file).strip()
    try:
        held = os.open(device, os.O_RDONLY)
        try:
            with pytest.raises(ArrayRejected) as caught:
                await desk.provider.withdraw(made)
            assert caught.value.code == "array.in-use"
        finally:
            os.close(held)
    finally:
        await desk.provider.withdraw(made)
    assert loops_under(desk.served.home) == []


async def test_a_clone_under_a_writable_loop_device_is_in_use(desk: Desk) -> None:
    made = await cloned(desk)
    (shown, _) = await desk.provider.present(made)
    device = run("losetup", "--find", "--show", shown.file).strip()
    try:
        with pytest.raises(ArrayRejected) as caught:
            await desk.provider.withdraw(made)
        assert caught.value.code == "array.in-use"
        assert device in loops_under(desk.served.home)
    finally:
        detach([device])
        await desk.provider.withdraw(made)


async def test_a_clone_that_another_node_has_open_is_in_use(desk: Desk) -> None:
    await cloned(desk)
    file = {"driver": "file", "filename": str(desk.served.folder / "clones" / f"{STEM}-1.qcow2")}
    desk.served.ask("blockdev-add", {**file, "node-name": "admins", "read-only": True, "force-share": True})
    with pytest.raises(ArrayRejected) as caught:
        await desk.provider.abort(ArmedCut(NAMES, ()))
    assert caught.value.code == "array.in-use"
    desk.served.ask("blockdev-del", {"node-name": "admins"})
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert await desk.clones() == []


async def test_deleting_a_presented_clone_leaves_nothing(desk: Desk) -> None:
    made = await cloned(desk)
    await desk.provider.present(made)
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert await desk.left() == {f"{STEM}.cut": "void-pending"}
    assert not [file for file in desk.served.files() if file.startswith("clones")]
    assert not [name for name in desk.served.nodes() if name.startswith(f"{STEM}-")]
    assert loops_under(desk.served.home) == []


async def test_what_a_killed_daemon_left_presented_is_taken_away(desk: Desk) -> None:
    made = await cloned(desk)
    first = await desk.provider.present(made)
    before = digest(Path(first[0].file))
    try:
        kill_and_start(desk.served)
        again = await desk.provider.present(made)
        assert digest(Path(again[0].device)) == before
        kill_and_start(desk.served)
        await desk.provider.withdraw(made)
        assert loops_under(desk.served.home) == []
        assert mounts_under(desk.served.folder) == []
    finally:  # by file: whoever attaches next may have got the number
        detach(loops_under(desk.served.home))


def kill_and_start(served: TestDaemon) -> None:
    """Let whoever runs the daemon clear away its own mounts only."""
    served.kill()
    for lun in served.ids:
        run("umount", "--lazy", str(served.exports / lun))
    served.start()


async def test_withdrawing_survives_a_cancellation(desk: Desk) -> None:
    made = await cloned(desk)
    await desk.provider.present(made)
    task = asyncio.create_task(desk.provider.withdraw(made))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await desk.provider.withdraw(made)
    assert loops_under(desk.served.home) == []


def open_file(path: str) -> BinaryIO:
    """Open a file, and say so to nobody."""
    return Path(path).open("rb")


def write(path: str) -> None:
    """Try to write to a file or device."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.pwrite(descriptor, bytes(512), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
