"""A clone store that is full before a run, or fills up in its window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from tests.journeys.home import ended
from tests.journeys.real.processes import wake
from tests.journeys.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

COMBINATION: Final = Combination("fsfreeze", "software-reflink")
PIECES: Final = 3000  # of a LUN file: a cut of so many needs blocks for their list
PIECE_BYTES: Final = 4096
APART_BYTES: Final = 65536


@pytest.mark.parametrize("free_bytes", [0, 8 << 20])
def test_a_full_store_is_refused_before_anything_is_frozen(scene: Scene, free_bytes: int) -> None:
    with filled(scene.store, free_bytes):
        full = scene.here("run", scene.job(), "--json")
    assert (full.status, full.result["run"]["problem"]["code"]) == (4, "array.full")
    assert full.result["timeline"] is None
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


def test_a_full_store_can_be_emptied(scene: Scene) -> None:
    made = scene.here("run", scene.job(), "--json")
    with filled(scene.store):
        assert scene.here("set", "delete", made.result["run"]["set"], "--json").status == 0
    scene.demand_nothing_left()


def test_a_store_that_fills_up_in_the_window_aborts_the_run(scene: Scene) -> None:
    """What a host writes to blocks that a cut has shared needs room, too: its file systems may end here."""
    break_into_pieces(scene.stage.database.mount_point)
    with scene.stopped_at(CrashPoint.FROZEN, scene.job()) as quiesced, filled(scene.store):
        wake(quiesced)
        end = ended(quiesced)
        scene.demand_thawed()
    scene.remount()
    assert (end.status, end.result["run"]["status"]) == (4, "aborted"), end
    assert scene.recover() == []
    scene.delete_sets()
    scene.demand_nothing_left()
    scene.demand_next_run()


def break_into_pieces(folder: Path) -> None:
    """Write a file whose blocks lie far from each other on the LUN below."""
    with (folder / "pieces").open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, PIECES * APART_BYTES)
        for number in range(PIECES):
            os.pwrite(file.fileno(), os.urandom(PIECE_BYTES), number * APART_BYTES)
        os.fsync(file.fileno())


@contextmanager
def filled(folder: Path, free_bytes: int = 0) -> Iterator[None]:
    """Leave no room on the file system of a folder, or just so much, for the length of the block."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            step = 1 << 30
            while step >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), step)
                except OSError:
                    step //= 2
            if free_bytes:
                file.truncate(file.tell() - free_bytes)
                os.fsync(file.fileno())
            else:
                with suppress(OSError):
                    while True:
                        (folder / f"filler-{file.write(bytes(4096))}").touch()
        yield
    finally:
        for each in folder.glob("filler*"):
            each.unlink()
