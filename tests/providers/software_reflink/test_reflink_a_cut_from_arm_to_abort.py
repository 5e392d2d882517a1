"""A cut in which nothing goes wrong, each of its steps done twice, and what an abort leaves: nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ArrayBusy, ArrayRejected, CutNotAuthorised
from orchestrator.model.arrays import ArmedCut, ObjectKind
from orchestrator.model.names import ObjectNames
from providers.software_reflink import kernel
from providers.software_reflink.provider import MOST_ARMED
from tests.providers.shared.rest_server import TestToken
from tests.providers.software_reflink.stand import LUNS, NAMES, Stand, connected, files_open_below, make_lun

pytestmark = pytest.mark.real


async def test_a_cut_holds_exactly_the_planned_files_as_they_were(stand: Stand) -> None:
    before = {name: (stand.luns / name).read_bytes() for name in LUNS}
    earliest = datetime.now(UTC)
    _, members = await stand.cut()
    latest = datetime.now(UTC)
    for name in LUNS:
        make_lun(stand.luns / name)
    assert {member.source_volume_id for member in members} == {item.volume_id for item in stand.volumes}
    assert len({member.replica_id for member in members}) == len(LUNS)
    for member in members:
        path = stand.private / member.replica_name
        assert path.read_bytes() == before[path.name]
        slack = timedelta(seconds=stand.provider.capabilities.clock_precision_s)
        assert earliest - slack <= member.cut_at <= latest + slack
        assert not member.partial
    assert await stand.left() == {f"{NAMES.stem}.cut": "live"}


async def test_the_cut_of_a_whole_subvolume_is_of_one_instant(subvolume_stand: Stand) -> None:
    assert subvolume_stand.sealed
    _, members = await subvolume_stand.cut()
    assert len({member.cut_at for member in members}) == 1
    with pytest.raises(OSError, match="Read-only"):
        make_lun(subvolume_stand.private / members[0].replica_name)


async def test_a_part_of_a_subvolume_is_cut_file_by_file(subvolume_stand: Stand) -> None:
    stand = await Stand.plan(subvolume_stand.folder, subvolume_stand.provider, LUNS[:1])
    _, members = await stand.cut()
    assert [member.replica_name for member in members] == [f"{NAMES.stem}.cut/{LUNS[0]}"]
    assert not stand.provider.capabilities.atomic_cut


async def test_a_file_that_is_never_copied_on_write_is_cut_like_any_other(
    subvolume_stand: Stand, needs_program: Any
) -> None:
    needs_program("chattr")
    file = subvolume_stand.luns / "fixed.img"
    file.touch()
    done = await asyncio.create_subprocess_exec("chattr", "+C", str(file))
    assert await done.wait() == 0
    make_lun(file)
    stand = await Stand.plan(subvolume_stand.folder, subvolume_stand.provider, ["fixed.img"])
    _, (member,) = await stand.cut()
    assert (stand.private / member.replica_name).read_bytes() == file.read_bytes()


async def test_one_request_per_cut(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    armed = await stand.arm()
    renames: list[str] = []
    rename = kernel.rename_if_free

    def counted(folder: int, old: str, new: str) -> None:
        renames.append(f"{old} -> {new}")
        rename(folder, old, new)

    monkeypatch.setattr(kernel, "rename_if_free", counted)
    monkeypatch.setattr(os, "fsync", None)  # nothing waits for the disk inside the window
    threads = threading.active_count()
    answer = await stand.commit(armed)
    assert threading.active_count() == threads
    assert renames == [f"{NAMES.stem}.armed -> {NAMES.stem}.cut"]
    assert answer.cut_name == f"{NAMES.stem}.cut"


async def test_nothing_is_repeated_in_the_window(stand: Stand) -> None:
    armed = await stand.arm()
    await stand.commit(armed)
    with pytest.raises(CutNotAuthorised):
        await stand.commit(armed)
    with pytest.raises(ArrayRejected, match="not armed any more"):
        await stand.provider.commit(armed, TestToken([(await stand.provider.identify()).array_id]))


@pytest.mark.parametrize("token", [TestToken(["another-array"]), None])
async def test_refuses_a_cut_without_a_live_token(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, token: Any
) -> None:
    armed = await stand.arm()
    monkeypatch.setattr(kernel, "share_blocks", None)
    monkeypatch.setattr("providers.software_reflink.subvolumes.cut_subvolume", None)
    with pytest.raises(CutNotAuthorised) as caught:
        await stand.provider.commit(armed, token)
    assert caught.value.code == "policy.cut-not-authorised"
    assert await stand.left() == {f"{NAMES.stem}.armed": "live"}


async def test_a_cut_that_was_never_armed_is_refused(stand: Stand) -> None:
    with pytest.raises(ArrayRejected, match="is not armed"):
        await stand.commit(ArmedCut(NAMES, tuple(stand.volumes)))
    assert await stand.left() == {}


async def test_arming_makes_only_empty_files_in_a_folder_of_the_attempts_name(stand: Stand) -> None:
    await stand.arm()
    assert stand.names() == [f"{NAMES.stem}.armed"]
    files = list((stand.private / f"{NAMES.stem}.armed").iterdir())
    assert sorted(path.name for path in files) == ([] if stand.sealed else sorted(LUNS))
    assert all(path.stat().st_size == 0 for path in files)
    (owned,) = await stand.provider.owned(NAMES.stem)
    assert (owned.kind, owned.name) == (ObjectKind.CONSISTENCY_GROUP, f"{NAMES.stem}.armed")


async def test_arming_twice_yields_one_consistency_group(stand: Stand) -> None:
    first = await stand.arm()
    before = len(files_open_below(stand.folder))
    assert await stand.arm() == first
    assert len(files_open_below(stand.folder)) == before
    assert await stand.left() == {f"{NAMES.stem}.armed": "live"}


async def test_what_is_armed_is_taken_up_again_after_a_restart(stand: Stand) -> None:
    await stand.arm()
    async with connected(stand.folder) as other:
        again = await Stand.plan(stand.folder, other)
        _, members = await again.cut()
    assert len(members) == len(LUNS)
    await stand.provider.abort(ArmedCut(NAMES, ()))
    assert stand.names() == []


async def test_arming_again_with_other_members_is_refused(stand: Stand) -> None:
    await stand.arm()
    with pytest.raises(ArrayRejected) as caught:
        await stand.provider.arm(stand.volumes[:1], NAMES)
    assert caught.value.code == "array.members-changed"


async def test_only_so_many_cuts_are_armed_at_once(stand: Stand) -> None:
    for attempt in range(MOST_ARMED):
        await stand.arm(ObjectNames("abc234", "run4567abc", attempt + 1))
    with pytest.raises(ArrayBusy):
        await stand.arm(ObjectNames("abc234", "run4567abc", 99))
    assert f"{ObjectNames('abc234', 'run4567abc', 99).stem}.armed" not in stand.names()


async def test_an_abort_removes_what_was_armed_and_cut_and_can_be_repeated(stand: Stand) -> None:
    armed = await stand.arm()
    await stand.provider.abort(armed)
    assert stand.names() == []
    armed, _ = await stand.cut()
    await stand.provider.abort(armed)
    await stand.provider.abort(armed)
    assert stand.names() == []
    assert files_open_below(stand.folder) == []


@pytest.mark.parametrize("cut", [False, True])
async def test_an_abort_needs_nothing_but_the_names_after_a_restart(stand: Stand, cut: bool) -> None:
    armed = await stand.arm()
    if cut:
        await stand.commit(armed)
    async with connected(stand.folder) as other:
        await other.abort(ArmedCut(NAMES, ()))
    assert stand.names() == []


async def test_an_abort_before_anything_was_made_is_success(stand: Stand) -> None:
    await stand.provider.abort(ArmedCut(NAMES, tuple(stand.volumes)))
    assert stand.names() == []


async def test_attempt_one_does_not_touch_what_attempt_ten_made(stand: Stand) -> None:
    tenth = ObjectNames(NAMES.installation, NAMES.run_id, 10)
    armed = await stand.arm()
    await stand.arm(tenth)
    await stand.provider.abort(armed)
    assert stand.names() == [f"{tenth.stem}.armed"]


async def test_volumes_per_cut_is_measured_with_sixty_four_files(stand: Stand) -> None:
    names = [f"lun-{number:03}.img" for number in range(62)]
    for name in names:
        make_lun(stand.luns / name, 4096)
    full = await Stand.plan(stand.folder, stand.provider, (*LUNS, *names))
    _, members = await full.cut()
    assert len(members) == full.provider.capabilities.max_volumes_per_cut == 64


async def test_a_name_that_leads_elsewhere_is_refused(stand: Stand) -> None:
    with pytest.raises(ArrayRejected, match="no name of an attempt"):
        await stand.provider.abort(ArmedCut(ObjectNames("../luns", "run4567abc"), ()))


async def test_closing_leaves_what_is_armed_for_recovery_to_find(stand: Stand) -> None:
    await stand.arm()
    await stand.provider.close()
    await stand.provider.close()
    assert files_open_below(stand.folder) == []
    assert stand.names() == [f"{NAMES.stem}.armed"]


async def test_keeps_connection_warm(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[Path] = []
    statvfs = os.statvfs

    def noticed(path: Path) -> os.statvfs_result:
        touched.append(path)
        return statvfs(path)

    monkeypatch.setattr(os, "statvfs", noticed)
    sample = await stand.provider.clock()
    assert touched == [stand.private]
    assert sample.at.tzinfo is UTC
    assert abs((sample.at - datetime.now(UTC)).total_seconds()) < 5
