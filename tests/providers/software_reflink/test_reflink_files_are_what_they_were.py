"""Files exchanged, changed or lost between arming and the proof; and a store that runs full."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.errors import ArrayRejected
from orchestrator.lab.real.file_systems import run
from orchestrator.model.arrays import ArmedCut, CutAnswer
from orchestrator.model.names import ObjectNames
from providers.software_reflink import subvolumes
from providers.software_reflink.store import Store
from tests.providers.software_reflink.stand import (
    LUNS,
    MIB,
    NAMES,
    Stand,
    connected,
    files_open_below,
    make_fragmented_lun,
    make_lun,
)

pytestmark = pytest.mark.real

CUT = f"{NAMES.stem}.cut"


# ---------------------------------------------------------------- files that are not what they were


async def test_members_changed_between_arming_and_the_cut_is_noticed(stand: Stand) -> None:
    armed = await stand.arm()
    make_lun(stand.luns / "new")
    (stand.luns / "new").replace(stand.luns / LUNS[0])
    with pytest.raises(ArrayRejected) as caught:
        await stand.commit(armed)
    assert caught.value.code == "array.members-changed"
    await stand.provider.abort(armed)
    assert stand.names() == []


async def test_a_file_that_went_between_arming_and_the_cut_is_missed(stand: Stand) -> None:
    armed = await stand.arm()
    (stand.luns / LUNS[1]).unlink()
    with pytest.raises(ArrayRejected) as caught:
        await stand.commit(armed)
    assert caught.value.code == "array.members-changed"
    await stand.provider.abort(armed)


async def test_a_file_that_was_another_one_just_for_the_snapshot_is_noticed(
    subvolume_stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = await subvolume_stand.arm()
    file, aside = subvolume_stand.luns / LUNS[0], subvolume_stand.luns / "aside"
    cut = subvolumes.cut_subvolume

    def swapped(source: int, into: int, name: str) -> None:
        file.rename(aside)
        make_lun(file)
        cut(source, into, name)
        aside.replace(file)

    monkeypatch.setattr(subvolumes, "cut_subvolume", swapped)
    with pytest.raises(ArrayRejected) as caught:
        await subvolume_stand.commit(armed)
    assert caught.value.code == "array.members-changed"
    await subvolume_stand.provider.abort(armed)


async def test_a_snapshot_that_was_unsealed_is_not_confirmed(subvolume_stand: Stand) -> None:
    armed = await subvolume_stand.arm()
    answer = await subvolume_stand.commit(armed)
    snapshot = subvolume_stand.private / CUT / "luns"
    await asyncio.to_thread(run, "btrfs", "property", "set", str(snapshot), "ro", "false")
    with pytest.raises(ArrayRejected, match="sealed") as caught:
        await subvolume_stand.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"
    await asyncio.to_thread(run, "btrfs", "property", "set", str(snapshot), "ro", "true")
    await subvolume_stand.provider.abort(armed)
    assert subvolume_stand.names() == []


async def test_a_file_that_is_replaced_while_arming_is_noticed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Store.room_bytes

    def replaced_meanwhile(store: Store) -> int:
        make_lun(stand.luns / "new")
        (stand.luns / "new").replace(stand.luns / LUNS[0])
        return room(store)

    monkeypatch.setattr(Store, "room_bytes", replaced_meanwhile)
    with pytest.raises(ArrayRejected, match="replaced just now") as caught:
        await stand.arm()
    assert caught.value.code == "array.members-changed"
    assert files_open_below(stand.folder) == []


@pytest.fixture
def torn_folder(xfs_folder: Path, btrfs: Path) -> Iterator[Path]:
    """A store whose LUN files lie on another file system than its own folder."""
    elsewhere = btrfs / f"elsewhere-{xfs_folder.name}"
    elsewhere.mkdir()
    for name in LUNS:
        make_lun(elsewhere / name)
    run("mount", "--bind", str(elsewhere), str(xfs_folder / "luns"))
    try:
        yield xfs_folder
    finally:
        run("umount", str(xfs_folder / "luns"))


async def test_files_that_cannot_share_blocks_with_the_store_are_not_armed(torn_folder: Path) -> None:
    async with connected(torn_folder) as provider:
        stand = await Stand.plan(torn_folder, provider)
        with pytest.raises(ArrayRejected) as caught:
            await stand.arm()
        assert (caught.value.code, caught.value.vendor_code) == ("array.volume-not-supported", "EXDEV")
        await provider.abort(ArmedCut(NAMES, ()))
        assert stand.names() == []


async def test_a_cut_is_on_disk_before_it_is_confirmed(
    xfs_stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    fsync = os.fsync

    def noticed(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    armed = await xfs_stand.arm()
    answer = await xfs_stand.commit(armed)
    monkeypatch.setattr(os, "fsync", noticed)
    await xfs_stand.provider.confirm(armed, answer)
    assert synced == {*LUNS, CUT, ".quiesce"}


async def test_a_file_that_was_replaced_after_the_cut_is_noticed(stand: Stand) -> None:
    armed = await stand.arm()
    answer = await stand.commit(armed)
    make_lun(stand.luns / "new")
    (stand.luns / "new").replace(stand.luns / LUNS[0])
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"
    await stand.provider.abort(armed)
    assert stand.names() == []


async def test_a_file_that_came_into_the_subvolume_before_the_cut_is_noticed(subvolume_stand: Stand) -> None:
    armed = await subvolume_stand.arm()
    make_lun(subvolume_stand.luns / "new")
    answer = await subvolume_stand.commit(armed)
    with pytest.raises(ArrayRejected) as caught:
        await subvolume_stand.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"
    await subvolume_stand.provider.abort(armed)
    assert subvolume_stand.names() == []


async def test_a_file_that_somebody_adds_to_what_is_armed_is_noticed(stand: Stand) -> None:
    armed = await stand.arm()
    stranger = stand.private / f"{NAMES.stem}.armed" / "stranger"
    stranger.write_bytes(b"x")
    answer = await stand.commit(armed)
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.confirm(armed, answer)
    assert caught.value.code == "array.members-changed"


async def test_what_was_armed_by_somebody_else_under_our_name_is_not_taken(stand: Stand) -> None:
    folder = stand.private / f"{NAMES.stem}.armed"
    folder.mkdir()
    (folder / LUNS[0]).touch()
    with pytest.raises(ArrayRejected) as caught:
        await stand.arm()
    assert caught.value.code == "array.members-changed"
    assert files_open_below(stand.folder) == []
    (folder / LUNS[0]).unlink()


@pytest.mark.parametrize("spoil", [os.unlink, lambda path: os.truncate(path, 4096)])
async def test_partial_cut_is_detected(xfs_stand: Stand, spoil: Callable[[Path], None]) -> None:
    armed = await xfs_stand.arm()
    answer = await xfs_stand.commit(armed)
    spoil(xfs_stand.private / CUT / LUNS[0])
    with pytest.raises(ArrayRejected) as caught:
        await xfs_stand.provider.confirm(armed, answer)
    assert caught.value.code == "array.partial-cut"
    await xfs_stand.provider.abort(armed)
    assert xfs_stand.names() == []


async def test_a_lun_file_that_grew_before_the_cut_is_noticed(stand: Stand) -> None:
    armed = await stand.arm()
    with (stand.luns / LUNS[0]).open("ab") as file:
        file.write(b"x" * 4096)
    answer = await stand.commit(armed)
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.confirm(armed, answer)
    assert caught.value.code == "array.partial-cut"


async def test_a_cut_that_is_gone_is_not_confirmed(stand: Stand) -> None:
    armed = await stand.arm()
    await stand.commit(armed)
    async with connected(stand.folder) as other:
        await other.abort(ArmedCut(NAMES, ()))
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.confirm(armed, CutAnswer("", CUT))
    assert caught.value.code == "array.partial-cut"


@pytest.mark.parametrize("change", ["gone", "empty", "link"])
async def test_what_cannot_be_cut_is_not_armed(stand: Stand, change: str) -> None:
    file = stand.luns / LUNS[0]
    match change:
        case "gone":
            file.unlink()
        case "empty":
            os.truncate(file, 0)
        case _:
            make_lun(stand.folder / "elsewhere")
            file.unlink()
            file.symlink_to(stand.folder / "elsewhere")
    with pytest.raises(ArrayRejected) as caught:
        await stand.arm()
    assert caught.value.code == "array.volume-not-supported"
    assert stand.names() == []


# ---------------------------------------------------------------- room


async def test_a_full_array_is_found_before_the_freeze(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.software_reflink.arming._ROOM_BYTES", 1 << 50)
    with pytest.raises(ArrayRejected) as caught:
        await stand.arm()
    assert caught.value.code == "array.full"
    assert stand.names() == []


async def test_a_share_of_what_the_files_take_has_to_be_free(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.software_reflink.arming._ROOM_SHARE", 1e6)
    with pytest.raises(ArrayRejected, match="MiB are free") as caught:
        await stand.arm()
    assert caught.value.code == "array.full"


async def test_a_store_that_runs_full_in_the_cut_refuses_it_and_is_cleared(xfs_stand: Stand) -> None:
    make_fragmented_lun(xfs_stand.luns / "wide.img", 20_000)
    stand = await Stand.plan(xfs_stand.folder, xfs_stand.provider, ("wide.img", *LUNS))
    armed = await stand.arm()
    stuffing = stand.folder / "stuffing"
    with stuffing.open("wb") as file:
        for step in (256 * MIB, MIB, 4096):
            try:
                while True:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, step)
            except OSError:
                continue
    try:
        with pytest.raises(ArrayRejected) as caught:
            await stand.commit(armed)
        assert caught.value.code == "array.full"
        assert caught.value.vendor_code == "ENOSPC"
        await stand.provider.abort(armed)
        assert stand.names() == []
    finally:
        stuffing.unlink()


async def test_two_cuts_of_the_same_files_do_not_meet(stand: Stand) -> None:
    other = ObjectNames(NAMES.installation, NAMES.run_id, 2)
    first, second = await stand.arm(), await stand.arm(other)
    await stand.commit(first)
    await stand.provider.abort(second)
    assert stand.names() == [CUT]
