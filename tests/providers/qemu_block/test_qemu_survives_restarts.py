from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from orchestrator.model.arrays import ArmedCut
from tests.providers.qemu_block.daemon import TestDaemon, backing_file, digest
from tests.providers.qemu_block.desk import NAMES, Desk, connected, named

pytestmark = pytest.mark.real

STEM: Final = NAMES.stem


@pytest.mark.parametrize("cut", [False, True], ids=["armed only", "cut"])
async def test_the_newest_overlay_is_right_whether_or_not_it_was_cut(desk: Desk, cut: bool) -> None:
    desk.served.write("lun0", "before")
    armed = await desk.arm()
    if cut:
        await desk.provider.commit(armed, desk.token)
        desk.served.write("lun0", "after")
    newest = [desk.served.digest(lun) for lun in desk.served.ids]
    desk.served.restart(killed=True)
    assert [desk.served.digest(lun) for lun in desk.served.ids] == newest
    assert desk.served.chain("lun0")[0] == f"{STEM}.01.lun0.qcow2"
    desk.served.write("lun1", "and on")
    assert await desk.left() == {f"{STEM}.cut": "live"}


async def test_a_new_process_removes_what_a_dead_one_armed(served: TestDaemon) -> None:
    async with connected(served) as provider:
        await (await Desk.plan(served, provider)).arm()
    async with connected(served) as provider:
        desk = await Desk.plan(served, provider)
        assert await desk.left() == {STEM: "live"}
        await provider.abort(ArmedCut(NAMES, ()))
        assert (await desk.left(), served.files()) == ({}, [])


async def test_an_overlay_that_was_armed_before_a_crash_is_removed_by_name(desk: Desk) -> None:
    await desk.arm()
    desk.served.restart(killed=True)  # now it is the active layer, although it was never cut
    desk.served.write("lun0", "since")
    newest = desk.served.digest("lun0")
    await desk.provider.abort(ArmedCut(NAMES, ()))
    assert await desk.left() == {f"{STEM}.cut": "void-pending"}
    await desk.cut(named(2))
    await desk.provider.abort(ArmedCut(named(3), ()))
    assert await desk.left() == {f"{named(2).stem}.cut": "live"}
    assert desk.served.digest("lun0") == newest
    assert backing_file(desk.served.folder / f"{named(2).stem}.01.lun0.qcow2") == str(
        desk.served.home / "lun0.raw"
    )


async def test_cuts_outlive_the_daemon(desk: Desk) -> None:
    desk.served.write("lun0", "first")
    first = desk.served.digest("lun0")
    _, members = await desk.cut()
    desk.served.write("lun0", "second")
    await desk.cut(named(2))
    desk.served.write("lun0", "third")
    newest = desk.served.digest("lun0")
    desk.served.restart(killed=True)
    made = [each.volume for each in await desk.provider.clone(members, NAMES)]
    shown = await desk.provider.present(made)
    assert digest(Path(shown[0].file)) == first
    await desk.provider.withdraw(made)
    assert await desk.delete_all(NAMES) == {}
    assert desk.served.digest("lun0") == newest
    desk.served.restart()
    assert desk.served.digest("lun0") == newest
    assert len(desk.served.chain("lun0")) == 2


async def test_a_new_cut_goes_on_top_after_a_restart(desk: Desk) -> None:
    await desk.cut()
    desk.served.restart(killed=True)
    desk.served.write("lun0", "since")
    _, members = await desk.cut(named(2))
    assert [each.source_volume_id for each in members] == ["lun0", "lun1"]
    assert len(desk.served.chain("lun0")) == 3
