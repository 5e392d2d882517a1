"""Clones are shown to this machine by read-only loop devices, and let go of when nobody uses them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from orchestrator.errors import ArrayError, ArrayRejected
from orchestrator.lab.real.file_systems import MKFS, SMALLEST_BYTES, run
from orchestrator.model.arrays import ArrayVolume
from providers.shared import loop_devices
from tests.providers.software_reflink.stand import (
    LUNS,
    NAMES,
    Stand,
    bytes_of,
    connected,
    devices_over,
    held_open,
)

pytestmark = pytest.mark.real


@pytest.fixture
async def clones(xfs_stand: Stand) -> AsyncIterator[list[ArrayVolume]]:
    """Two clones that are not presented; whatever a test leaves presented is withdrawn."""
    _, members = await xfs_stand.cut()
    made = [clone.volume for clone in await xfs_stand.provider.clone(members, NAMES)]
    yield made
    await xfs_stand.provider.withdraw(made)


async def test_a_clone_is_presented_read_only_with_its_bytes(
    xfs_stand: Stand, clones: list[ArrayVolume]
) -> None:
    presented = await xfs_stand.provider.present(clones)
    assert [item.volume_id for item in presented] == [item.volume_id for item in clones]
    for item, name in zip(presented, LUNS, strict=True):
        assert bytes_of(item.device) == bytes_of(item.file) == bytes_of(xfs_stand.luns / name)
        with pytest.raises(OSError, match=r"not permitted|Read-only|denied"):
            write_to(item.device)


def write_to(device: str) -> None:
    with held_open(device, flags=os.O_RDWR) as raw:
        os.write(raw, b"x")


async def test_presenting_twice_yields_the_same_devices(xfs_stand: Stand, clones: list[ArrayVolume]) -> None:
    first = await xfs_stand.provider.present(clones)
    async with connected(xfs_stand.folder) as other:
        assert await other.present(clones) == first
    assert sorted(devices_over(xfs_stand.folder)) == sorted(item.device for item in first)


async def test_withdrawing_takes_the_devices_away_and_can_be_repeated(
    xfs_stand: Stand, clones: list[ArrayVolume]
) -> None:
    await xfs_stand.provider.present(clones)
    await xfs_stand.provider.withdraw(clones)
    await xfs_stand.provider.withdraw(clones)
    assert devices_over(xfs_stand.folder) == []


async def test_a_clone_that_is_gone_is_withdrawn(xfs_stand: Stand, clones: list[ArrayVolume]) -> None:
    await xfs_stand.provider.delete(await xfs_stand.provider.owned(NAMES.stem))
    await xfs_stand.provider.withdraw(clones)


async def test_a_replica_or_a_lun_file_is_never_presented(
    xfs_stand: Stand, clones: list[ArrayVolume]
) -> None:
    replicas = [item for item in await xfs_stand.provider.owned(NAMES.stem) if item.name.endswith(".cut")]
    forged = ArrayVolume("clone-1-1", f"{replicas[0].name}/{LUNS[0]}", "", 0)
    for item in (xfs_stand.volumes[0], forged):
        with pytest.raises(ArrayRejected, match="no clone"):
            await xfs_stand.provider.present([clones[0], item])
    assert devices_over(xfs_stand.folder) == []  # the good one neither


async def test_what_was_presented_before_stays_when_presenting_more_fails(
    xfs_stand: Stand, clones: list[ArrayVolume]
) -> None:
    (kept,) = await xfs_stand.provider.present(clones[:1])
    with pytest.raises(ArrayRejected):
        await xfs_stand.provider.present([*clones, xfs_stand.volumes[0]])
    assert devices_over(xfs_stand.folder) == [kept.device]


async def test_presenting_that_is_cancelled_leaves_no_device(
    xfs_stand: Stand, clones: list[ArrayVolume], monkeypatch: pytest.MonkeyPatch
) -> None:
    attach = loop_devices.attach

    async def slow_for_the_second(file: Path) -> str:
        if file.name == LUNS[1]:
            present.cancel()
            await asyncio.sleep(0)
        return await attach(file)

    monkeypatch.setattr(loop_devices, "attach", slow_for_the_second)
    present = asyncio.create_task(xfs_stand.provider.present(clones))
    await asyncio.wait({present})
    assert present.cancelled()
    assert devices_over(xfs_stand.folder) == []


async def test_a_clone_that_is_mounted_is_neither_withdrawn_nor_deleted(
    xfs_stand: Stand, needs_program: Callable[[str], str], tmp_path: Path
) -> None:
    needs_program("mkfs.ext4")
    with (xfs_stand.luns / "fs.img").open("wb") as file:
        file.truncate(SMALLEST_BYTES["ext4"])
    await asyncio.to_thread(run, *MKFS["ext4"], str(xfs_stand.luns / "fs.img"))
    stand = await Stand.plan(xfs_stand.folder, xfs_stand.provider, ["fs.img"])
    _, members = await stand.cut()
    (clone,) = [made.volume for made in await stand.provider.clone(members, NAMES)]
    (presented,) = await stand.provider.present([clone])
    objects = [item for item in await stand.provider.owned(NAMES.stem) if item.name == clone.name]
    await asyncio.to_thread(run, "mount", "-o", "ro", presented.device, str(tmp_path))
    try:
        with pytest.raises(ArrayRejected, match="mounted") as caught:
            await stand.provider.withdraw([clone])
        assert caught.value.code == "array.in-use"
        assert [item.state for item in await stand.provider.delete(objects)] == ["void-pending"]
        assert devices_over(stand.folder) == [presented.device]
    finally:
        await asyncio.to_thread(run, "umount", str(tmp_path))
    assert await stand.provider.delete(objects) == []
    assert devices_over(stand.folder) == []
    assert not os.path.lexists(presented.file)  # noqa: ASYNC240 - a string, and at once


async def test_a_device_that_somebody_has_open_is_in_use(
    xfs_stand: Stand, clones: list[ArrayVolume], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_devices, "_LET_GO_S", 0.05)
    (presented,) = await xfs_stand.provider.present(clones[:1])
    with held_open(presented.device):
        with pytest.raises(ArrayRejected) as caught:
            await xfs_stand.provider.withdraw(clones[:1])
        assert caught.value.code == "array.in-use"
        (again,) = await xfs_stand.provider.present(clones[:1])
        assert again.device != presented.device  # that one is about to go
    await xfs_stand.provider.withdraw(clones)
    assert devices_over(xfs_stand.folder) == []


async def test_a_machine_without_losetup_says_so(
    xfs_stand: Stand, clones: list[ArrayVolume], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_devices, "_PROGRAM", "no-such-program")
    assert await xfs_stand.provider.missing_rights() == (
        "the program losetup, to present clones by loop devices",
    )
    with pytest.raises(ArrayError) as caught:
        await xfs_stand.provider.present(clones)
    assert caught.value.code == "array.loop-device-failed"
    assert await xfs_stand.provider.delete(await xfs_stand.provider.owned(NAMES.stem)) == []
    monkeypatch.undo()
