"""Other people's hands on the file systems and on the store, before a run and inside its window."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.file_systems import LabFileSystem, thaw
from orchestrator.lab.real.stage import Combination
from tests.journeys.home import Ended, ended
from tests.journeys.real.processes import struck, wake, watchdogs
from tests.journeys.real.scene import TIGHT, Scene
from tests.orchestrator.lab.real.freezing import freeze

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

COMBINATION: Final = Combination("fsfreeze", "software-reflink")


def test_another_thawer_in_the_middle_is_found_out_by_the_count(scene: Scene) -> None:
    with scene.stopped_at(CrashPoint.FROZEN, scene.job()) as quiesced:
        assert thaw(scene.stage.log.mount_point)
        wake(quiesced)
        end = ended(quiesced)
    assert (end.status, end.result["run"]["status"]) == (4, "aborted"), end
    assert end.result["run"]["problem"]["code"] == "proof.hold-not-ours"
    scene.demand_nothing_left()
    scene.delete_sets()
    scene.demand_next_run()


@pytest.mark.parametrize("which", ["log", "database"])
def test_what_somebody_else_has_frozen_for_long_is_neither_waited_for_nor_cut_nor_thawed(
    scene: Scene, which: str
) -> None:
    foreign: LabFileSystem = getattr(scene.stage, which)
    with somebody_elses_freeze(foreign):
        with scene.started("run", scene.job(budgets=TIGHT), "--json") as quiesced:
            end = ended(quiesced)
        assert scene.here("host", "show", "fsfreeze", "--json").status == 0
        demand_already_frozen(scene, foreign, end)
    scene.demand_nothing_left()
    scene.delete_sets()
    scene.demand_next_run()


def test_what_somebody_else_freezes_right_before_us_is_neither_cut_nor_thawed(scene: Scene) -> None:
    with (
        scene.stopped_at(CrashPoint.OPENING, scene.job()) as quiesced,
        somebody_elses_freeze(scene.stage.log),
    ):
        wake(quiesced)
        demand_already_frozen(scene, scene.stage.log, ended(quiesced))
    scene.demand_nothing_left()
    scene.delete_sets()
    scene.demand_next_run()


def demand_already_frozen(scene: Scene, foreign: LabFileSystem, end: Ended) -> None:
    assert (end.status, end.result["run"]["problem"]["code"]) == (4, "host.already-frozen"), end
    assert scene.recover() == []
    others = [each for each in scene.mount_points if each != foreign.mount_point]
    assert [thaw(each) for each in others] == [False]


@contextmanager
def somebody_elses_freeze(file_system: LabFileSystem) -> Iterator[None]:
    """Freeze for the length of the block, and demand that it is still frozen then."""
    freeze(file_system)
    try:
        yield
    finally:
        assert thaw(file_system.mount_point)


def test_a_file_system_that_is_frozen_cannot_be_unmounted(scene: Scene) -> None:
    """The watchdog holds it open."""
    with scene.stopped_at(CrashPoint.FROZEN, scene.job()) as quiesced:
        assert "busy" in scene.umount(scene.stage.log.mount_point)
        wake(quiesced)
        end = ended(quiesced)
    assert end.status == 0, end
    scene.delete_sets()
    scene.demand_nothing_left()


@pytest.mark.parametrize("point", [CrashPoint.ARMED, CrashPoint.FROZEN, CrashPoint.CUT_ACKNOWLEDGED])
def test_a_file_system_whose_mount_vanishes_is_thawed_nevertheless(scene: Scene, point: CrashPoint) -> None:
    """It lives on for as long as somebody has a file of it open; the watchdog has its mount point."""
    with scene.stopped_at(point, scene.job()) as quiesced:
        assert scene.umount(scene.stage.log.mount_point, "--lazy") == ""
        wake(quiesced)
        end = ended(quiesced)
    assert (end.status, end.result["run"]["status"]) == (4, "aborted"), end
    assert end.result["run"]["problem"]["code"] == "proof.map-changed"
    scene.mount_again()
    scene.demand_nothing_left()
    assert scene.recover() == []
    scene.delete_sets()
    scene.demand_next_run()


def test_a_job_whose_mount_has_vanished_before_is_refused(scene: Scene) -> None:
    assert scene.umount(scene.stage.log.mount_point, "--lazy") == ""
    refused = scene.here("run", scene.job(), "--json")
    scene.mount_again()
    assert (refused.status, refused.result["run"]["status"]) == (3, "refused")
    scene.demand_nothing_left()
    scene.demand_next_run()


def test_what_was_unmounted_while_frozen_is_in_doubt_until_it_is_mounted_again(scene: Scene) -> None:
    """When run and watchdog are dead, the frozen file system lives on where nobody sees it."""
    place = scene.stage.log.mount_point
    with scene.stopped_at(CrashPoint.FROZEN, scene.job()) as quiesced:
        (watchdog,) = watchdogs()
        with struck(watchdog, signal.SIGKILL):
            quiesced.kill()
            quiesced.wait()
    scene.umount(place, "--lazy")
    doubtful = scene.here("recover", "--json")
    scene.mount_again()
    assert doubtful.status == 6
    assert [each["status"] for each in scene.recover()] == ["aborted"]
    scene.demand_nothing_left()
    scene.delete_sets()
    scene.demand_next_run()
