from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Final

import pytest

from orchestrator.errors import ArrayBusy, ArrayRejected
from orchestrator.model.arrays import ArmedCut, ArrayVolume, CutMember
from providers.qemu_block.store import Store
from tests.providers.qemu_block.daemon import MIB, TestDaemon, digest
from tests.providers.qemu_block.desk import NAMES, Desk, named

pytestmark = pytest.mark.real

RUNS: Final = (1, 2, 3)
ORDERS: Final = tuple(permutations(RUNS))


async def three_cuts(desk: Desk) -> Mapping[int, Sequence[CutMember]]:
    """Make three cuts with different contents; the host goes on writing after the last."""
    found = {}
    for run in RUNS:
        write(desk.served, run)
        _, found[run] = await desk.cut(named(run))
    write(desk.served, 4)
    return found


def write(served: TestDaemon, run: int) -> None:
    """Write over what was there before, and where nothing was."""
    for lun in served.ids:
        served.write(lun, f"{lun} in run {run}")
        served.write(lun, f"only of run {run}", run * MIB)


async def contents(desk: Desk, members: Sequence[CutMember], run: int) -> list[str]:
    """Return digests of a cut's replicas, by clones that are there for this only."""
    made = [each.volume for each in await desk.provider.clone(members, named(run))]
    shown = await desk.provider.present(made)
    found = [digest(Path(each.file)) for each in shown]
    assert found == [digest(Path(each.device)) for each in shown]
    await desk.provider.withdraw(made)
    owned = await desk.provider.owned(named(run).stem)
    await desk.provider.delete([item for item in owned if item.name in {each.name for each in made}])
    return found


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(map(str, order)))
async def test_what_is_left_keeps_its_contents(desk: Desk, order: tuple[int, ...]) -> None:
    cuts = await three_cuts(desk)
    newest = [desk.served.digest(lun) for lun in desk.served.ids]
    before = {run: await contents(desk, members, run) for run, members in cuts.items()}
    assert len({digests[0] for digests in before.values()} | {newest[0]}) == 4
    left = set(RUNS)
    for run in order:
        left.discard(run)
        void = await desk.delete_all(named(run))
        # The newest cut's overlay takes the host's writes: it stays, as void.
        assert void == ({f"{named(3).stem}.cut": "void-pending"} if run == 3 else {})
        assert {each: await contents(desk, cuts[each], each) for each in left} == {
            each: before[each] for each in left
        }
        assert [desk.served.digest(lun) for lun in desk.served.ids] == newest
    assert await desk.left() == {f"{named(3).stem}.cut": "void-pending"}
    assert [len(desk.served.chain(lun)) for lun in desk.served.ids] == [2, 2]
    assert desk.served.nodes() == {"lun0-base", "lun1-base", *(f"{named(3).stem}.0{n}" for n in (1, 2))}


async def test_a_cut_is_kept_while_a_clone_lies_on_it(desk: Desk) -> None:
    cuts = await three_cuts(desk)
    before = await contents(desk, cuts[2], 2)
    made = [each.volume for each in await desk.provider.clone(cuts[2], named(2))]
    cut = [item for item in await desk.provider.owned(named(2).stem) if item.name.endswith(".cut")]
    with pytest.raises(ArrayRejected, match="lies on") as caught:
        await desk.provider.delete(cut)
    assert caught.value.code == "array.in-use"
    shown = await desk.provider.present(made)
    assert [digest(Path(each.file)) for each in shown] == before
    await desk.provider.withdraw(made)
    assert await desk.delete_all(named(2)) == {}  # clones first


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_clone_keeps_its_contents_when_the_cut_before_is_deleted(desk: Desk, restarted: bool) -> None:
    cuts = await three_cuts(desk)
    made = [each.volume for each in await desk.provider.clone(cuts[2], named(2))]
    before = await shown(desk, made)
    if restarted:  # the clones' nodes are not there then
        desk.served.restart()
    assert await desk.delete_all(named(1)) == {}
    assert await shown(desk, made) == before
    desk.served.restart()
    assert await shown(desk, made) == before


async def shown(desk: Desk, made: Sequence[ArrayVolume]) -> list[str]:
    found = [digest(Path(each.file)) for each in await desk.provider.present(made)]
    await desk.provider.withdraw(made)
    return found


async def test_deleting_goes_on_where_it_was_interrupted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await three_cuts(desk)
    remove = Store.remove

    def stop(self: Store, path: Path) -> None:
        raise InterruptedError

    monkeypatch.setattr(Store, "remove", stop)
    with pytest.raises(InterruptedError):  # merged and closed, but the file is still there
        await desk.delete_all(named(1))
    monkeypatch.setattr(Store, "remove", remove)
    stem = named(1).stem
    desk.served.ask(
        "blockdev-add",
        {
            "driver": "qcow2",
            "node-name": "again",
            "read-only": True,
            "file": {"driver": "file", "filename": str(desk.served.folder / f"{stem}.01.lun0.qcow2")},
            "backing": "lun0-base",
        },
    )
    assert await desk.delete_all(named(1)) == {}
    assert not [file for file in desk.served.files() if stem in file]
    assert "again" not in desk.served.nodes()


async def test_a_job_that_a_dead_process_has_left_is_ended_first(desk: Desk) -> None:
    await three_cuts(desk)
    stem = named(1).stem
    desk.served.ask(
        "block-commit",
        {
            "job-id": f"{stem}.01.merge",
            "device": f"{named(3).stem}.01",
            "top-node": f"{stem}.01",
            "base-node": "lun0-base",
            "auto-dismiss": False,
        },
    )
    assert await desk.delete_all(named(1)) == {}
    assert desk.served.ask("query-jobs") == []


async def test_an_overlay_whose_array_volume_is_away_is_not_deleted(desk: Desk) -> None:
    armed, _ = await desk.cut()
    desk.served.write("lun0", "newest")
    newest = desk.served.digest("lun0")
    desk.served.ask("block-export-del", {"id": "lun0"})
    await desk.provider.abort(armed)
    assert await desk.delete_all(NAMES) == {f"{NAMES.stem}.cut": "void-pending"}
    desk.served.restart()
    assert desk.served.digest("lun0") == newest


async def test_data_that_no_node_has_open_is_not_deleted(desk: Desk) -> None:
    armed, _ = await desk.cut()
    desk.served.write("lun0", "newest")
    file = desk.served.folder / f"{NAMES.stem}.01.lun0.qcow2"
    aside = file.rename(desk.served.home / file.name)
    desk.served.restart(killed=False)  # on the first layer: somebody has lost the overlay, and brings it back
    aside.rename(file)
    await desk.provider.abort(armed)
    assert await desk.left() == {f"{NAMES.stem}.cut": "void-pending"}
    assert file.exists()
    with pytest.raises(ArrayBusy, match="made for the same layer"):
        await desk.arm(named(2))


async def test_the_newest_cut_cannot_be_merged_by_the_daemon(desk: Desk) -> None:
    """The reason for void cuts. When this fails, QEMU has learnt it, and `Fate.KEEP` can become a merge."""
    await desk.cut()
    merge = {"job-id": "merge", "device": f"{NAMES.stem}.01", "base-node": "lun0-base", "auto-dismiss": False}
    with pytest.raises(Exception, match="Permission conflict"):
        desk.served.ask("block-commit", merge)


async def test_a_cut_given_up_is_cloned_no_more(desk: Desk) -> None:
    armed, members = await desk.cut()
    await desk.provider.abort(ArmedCut(armed.names, ()))
    with pytest.raises(ArrayRejected, match="is gone"):
        await desk.provider.clone(members, NAMES)
    assert await desk.clones() == []
