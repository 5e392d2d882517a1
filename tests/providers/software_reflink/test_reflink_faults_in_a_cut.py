"""What can go wrong between arming and the proof, and what is left afterwards: nothing."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ArmedCut
from providers.software_reflink import kernel, removing, subvolumes
from providers.software_reflink.armed import ArmedFiles
from providers.software_reflink.mapping import FolderNames
from providers.software_reflink.provider import REQUEST_LIFE_S
from providers.software_reflink.store import Store
from tests.providers.software_reflink.stand import (
    NAMES,
    Stand,
    connected,
    files_open_below,
    held_open,
)

pytestmark = pytest.mark.real

CUT = f"{NAMES.stem}.cut"


class Held:
    """Holds the thread of a cut just before it copies anything, as a slow disk would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, after: bool = False) -> None:
        self.reached, self.let_go = threading.Event(), threading.Event()
        self._after = after
        for module, name in ((kernel, "share_blocks"), (subvolumes, "cut_subvolume")):
            monkeypatch.setattr(module, name, self._slow(getattr(module, name)))

    def _slow(self, call: Callable[..., None]) -> Callable[..., None]:
        def slow(*args: Any) -> None:
            if self._after:
                call(*args)
            self.reached.set()
            assert self.let_go.wait(10)
            if not self._after:
                call(*args)

        return slow


async def until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 10)


async def test_name_taken_is_a_failure_in_the_window(stand: Stand) -> None:
    armed = await stand.arm()
    taken = stand.private / CUT
    taken.mkdir()
    with pytest.raises(ArrayRejected) as caught:
        await stand.commit(armed)
    assert caught.value.code == "array.name-taken"
    assert list(taken.iterdir()) == []
    await stand.provider.abort(armed)
    assert stand.names() == []


async def test_a_cut_that_is_there_is_not_armed_again(stand: Stand) -> None:
    await stand.cut()
    with pytest.raises(ArrayRejected) as caught:
        await stand.arm()
    assert caught.value.code == "array.name-taken"
    assert stand.names() == [CUT]


@pytest.mark.parametrize("after", [False, True], ids=["before-it-copies", "after-it-has-copied"])
async def test_request_life_is_measured_a_late_cut_makes_nothing_after_an_abort(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    armed = await stand.arm()
    held = Held(monkeypatch, after=after)
    commit = asyncio.create_task(stand.commit(armed))
    await until(held.reached)
    monkeypatch.setattr("providers.software_reflink.provider.REQUEST_LIFE_S", 0.05)
    await stand.provider.abort(armed)  # gives the thread up
    assert CUT not in stand.names()
    held.let_go.set()
    with pytest.raises(ArrayRejected):
        await commit
    assert CUT not in stand.names()
    await stand.provider.delete(await stand.provider.owned(NAMES.stem))
    assert stand.names() == []


async def test_a_late_cut_makes_nothing_after_another_process_has_aborted(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = await stand.arm()
    async with connected(stand.folder) as other:
        held = Held(monkeypatch)
        commit = asyncio.create_task(stand.commit(armed))
        await until(held.reached)
        await other.abort(ArmedCut(NAMES, ()))
        held.let_go.set()
        with pytest.raises(ArrayRejected):
            await commit
        assert CUT not in stand.names()
    await stand.provider.abort(armed)
    assert stand.names() == []


async def test_aborts_after_lost_answer(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    armed = await stand.arm()
    held = Held(monkeypatch, after=True)
    commit = asyncio.create_task(stand.commit(armed))
    await until(held.reached)
    commit.cancel()
    await asyncio.wait({commit})
    threading.Timer(0.1, held.let_go.set).start()
    await stand.provider.abort(armed)
    assert held.let_go.is_set()  # it has waited for the thread
    assert commit.cancelled()
    assert stand.names() == []
    assert files_open_below(stand.folder) == []


async def test_a_cut_that_was_called_off_goes_no_further(
    xfs_stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.software_reflink.provider.REQUEST_LIFE_S", 0.05)
    shared: list[int] = []
    share = kernel.share_blocks

    def counted(source: int, target: int) -> None:
        shared.append(target)
        share(source, target)

    armed = await xfs_stand.arm()
    monkeypatch.setattr(kernel, "share_blocks", counted)
    held = Held(monkeypatch)
    commit = asyncio.create_task(xfs_stand.commit(armed))
    await until(held.reached)
    await xfs_stand.provider.abort(armed)
    held.let_go.set()
    with pytest.raises(ArrayRejected, match="called off"):
        await commit
    assert len(shared) == 1  # of two


async def test_no_cut_comes_to_be_after_the_provider_was_closed(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.software_reflink.provider.REQUEST_LIFE_S", 0.05)
    armed = await stand.arm()
    held = Held(monkeypatch, after=True)
    commit = asyncio.create_task(stand.commit(armed))
    await until(held.reached)
    await stand.provider.close()
    held.let_go.set()
    with pytest.raises(ArrayRejected, match="called off"):
        await commit
    assert stand.names() == [f"{NAMES.stem}.armed"]
    await stand.provider.abort(armed)


async def test_what_was_called_off_does_not_start(stand: Stand) -> None:
    await stand.arm()
    files: ArmedFiles = vars(stand.provider)["_armed"][NAMES.stem]
    files.finish(REQUEST_LIFE_S)
    with pytest.raises(ArrayRejected, match="not armed any more"):
        files.start()


async def test_a_cut_that_comes_to_be_while_an_abort_is_under_way_is_found_by_it(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed = await stand.arm()
    steps: list[str] = []
    make_void = removing._rename_to_void

    def step(store: Store, names: FolderNames, name: str) -> Path:
        path = make_void(store, names, name)
        steps.append(name)
        if len(steps) == 1:  # what the thread of another process would do now
            with suppress(FileNotFoundError), held_open(stand.private) as folder:
                kernel.rename_if_free(folder, names.armed, names.cut)
        return path

    monkeypatch.setattr(removing, "_rename_to_void", step)
    await stand.provider.abort(armed)
    assert stand.names() == []


async def test_an_abort_waits_for_the_thread_only_so_long(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.software_reflink.provider.REQUEST_LIFE_S", 0.05)
    armed = await stand.arm()
    held = Held(monkeypatch)
    commit = asyncio.create_task(stand.commit(armed))
    await until(held.reached)
    began = asyncio.get_running_loop().time()
    await stand.provider.abort(armed)
    assert asyncio.get_running_loop().time() - began < REQUEST_LIFE_S
    assert files_open_below(stand.folder) != []  # a file that is closed too early may become another one
    held.let_go.set()
    await asyncio.wait({commit})
    assert isinstance(commit.exception(), ArrayRejected)
    await stand.provider.abort(armed)


async def test_a_cut_whose_caller_went_away_in_time_is_confirmed_by_nobody_and_removed(stand: Stand) -> None:
    armed = await stand.arm()
    commit = asyncio.create_task(stand.commit(armed))
    await asyncio.sleep(0)
    commit.cancel()
    await asyncio.wait({commit})
    await stand.provider.abort(armed)
    assert stand.names() == []


async def test_arming_that_is_cancelled_leaves_nothing_behind_after_the_abort(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, let_go, fsync = threading.Event(), threading.Event(), os.fsync

    def slow(descriptor: int) -> None:
        reached.set()
        assert let_go.wait(10)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    arm = asyncio.create_task(stand.arm())
    await until(reached)
    arm.cancel()
    await asyncio.sleep(0)
    assert not arm.done()  # its thread has not ended
    let_go.set()
    await asyncio.wait({arm})
    assert arm.cancelled() or isinstance(arm.exception(), ArrayRejected)
    await stand.provider.abort(ArmedCut(NAMES, tuple(stand.volumes)))
    assert stand.names() == []
    assert files_open_below(stand.folder) == []


async def test_an_abort_calls_off_the_arming_that_is_under_way(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, let_go, flushed, fsync = threading.Event(), threading.Event(), [], os.fsync

    def slow(descriptor: int) -> None:
        flushed.append(descriptor)
        reached.set()
        assert let_go.wait(10)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    arm = asyncio.create_task(stand.arm())
    await until(reached)
    abort = asyncio.create_task(stand.provider.abort(ArmedCut(NAMES, ())))
    await asyncio.sleep(0)
    let_go.set()
    with pytest.raises(ArrayRejected, match="called off"):
        await arm
    await abort
    assert stand.names() == []
