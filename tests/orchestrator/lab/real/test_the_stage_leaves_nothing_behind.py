"""The whole stage, taken away after whatever happened; and what is left when nobody could."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from orchestrator.lab.real import registration
from orchestrator.lab.real.arrays import ARRAYS
from orchestrator.lab.real.file_systems import mount_points_under
from orchestrator.lab.real.rounds import Watch, frozen_rounds, proven_sets, split_rounds
from orchestrator.lab.real.stage import COMBINATIONS, Combination, Stage, staged
from tests.orchestrator.lab.real.freezing import freeze_stage, installation_in, present_clones
from tests.orchestrator.lab.real.leftovers import (
    await_nothing_under,
    loop_files_under,
    orphan_loops,
)

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

NOBODY: Final = Watch(lambda: None, lambda: None)

# What a lab does that is killed: in mounts of its own, so that the kernel can clean up after it.
KILLED_LAB: Final = """
import sys, time
from pathlib import Path
from orchestrator.lab.real.namespace import leave_common_mounts
from orchestrator.lab.real.stage import Combination, staged
from tests.orchestrator.lab.real.freezing import freeze_stage, installation_in, present_clones

home, combination, when = Path(sys.argv[1]), Combination(sys.argv[2], sys.argv[3]), sys.argv[4]
leave_common_mounts()
with staged(installation_in(home), combination, home / "lab") as stage:
    if when == "a clone is presented":
        present_clones(stage)
        time.sleep(1.0)  # or else the storage daemon could be gone before anybody had seen its exports
    if when == "it is frozen":
        freeze_stage(stage)
    print("staged", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=COMBINATIONS, ids=str)
def combination(request: pytest.FixtureRequest) -> Combination:
    combination: Combination = request.param
    return combination


def test_clones_of_proven_sets_are_whole_and_what_is_split_off_is_not(
    real_lab: Path, combination: Combination
) -> None:
    installation = installation_in(real_lab)
    with staged(installation, combination, real_lab / "lab") as stage:
        split = split_rounds(stage, 5, NOBODY)
        frozen = frozen_rounds(stage, 2, NOBODY)
        assert frozen.problems == []
        assert proven_sets(stage) == 2
        assert [each.name for each in installation.arrays.list()] == [combination.array]
    assert (split.torn > 2, split.windows_s) == (True, [])
    assert (frozen.torn, len(frozen.orders)) == (0, 2)
    assert all(0 < each < 6 for each in frozen.windows_s)
    assert not [*installation.arrays.list(), *installation.hosts.list(), *installation.sets.list()]
    await_nothing_under(real_lab)


@pytest.mark.parametrize("array", ARRAYS)
def test_what_fails_while_file_systems_are_frozen_leaves_nothing(real_lab: Path, array: str) -> None:
    class Failure(Exception): ...

    def fail_frozen(stage: Stage) -> None:
        freeze_stage(stage)
        raise Failure

    installation = installation_in(real_lab)
    with (
        pytest.raises(Failure),
        staged(installation, Combination("fsfreeze", array), real_lab / "lab") as stage,
    ):
        fail_frozen(stage)
    await_nothing_under(real_lab)


@pytest.mark.parametrize("array", ARRAYS)
def test_a_clone_that_is_still_presented_goes_with_the_stage(real_lab: Path, array: str) -> None:
    with staged(installation_in(real_lab), Combination("fsfreeze", array), real_lab / "lab") as stage:
        present_clones(stage)
    await_nothing_under(real_lab)


def test_a_host_that_does_not_answer_leaves_nothing(real_lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoAnswer(Exception): ...

    def fail(*_: object) -> None:
        raise NoAnswer

    monkeypatch.setattr(registration, "probe_host", fail)
    installation = installation_in(real_lab)
    with pytest.raises(NoAnswer), staged(installation, COMBINATIONS[-1], real_lab / "lab"):
        pass
    assert not installation.arrays.list()
    await_nothing_under(real_lab)


@pytest.mark.parametrize(
    ("combination", "when"),
    [(each, "it is frozen") for each in COMBINATIONS]
    + [(Combination("fsfreeze", array), "a clone is presented") for array in ARRAYS],
    ids=str,
)
def test_a_lab_that_is_killed_leaves_nothing(real_lab: Path, combination: Combination, when: str) -> None:
    before = orphan_loops()
    words = [str(real_lab), combination.host, combination.array, when]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_LAB, *words], stdout=subprocess.PIPE, text=True
    ) as lab:
        assert lab.stdout is not None
        assert "staged\n" in iter(lab.stdout.readline, "")  # a run logs a line before it
        assert mount_points_under(real_lab) == []  # it is seen by nobody else
        assert len(loop_files_under(real_lab)) >= 2
        os.kill(lab.pid, signal.SIGKILL)
    await_nothing_under(real_lab, before)
