"""Much dirty data when the freeze begins: the flush before it takes what it can, the kernel's own the rest.

The kernel's flush cannot be interrupted. The hold's limit counts from its end, and so does what is proven: a
freeze that flushes for longer than its budget aborts the run, and is thawed the moment the kernel gives way.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from orchestrator.evidence import EvidenceChain, Proof, read_record
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.lab.real.stage import Combination
from orchestrator.model.facts import WindowFacts
from tests.journeys.home import ended
from tests.journeys.real.processes import wake
from tests.journeys.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

COMBINATION: Final = Combination("fsfreeze", "software-reflink")
DATABASE_BYTES: Final = 3 << 30
MIB: Final = 1 << 20
DIRTY_MIB: Final = 1024

# Writes a file over and over, and syncs never; says so once it has written all of it for the first time.
DIRTIER: Final = """
import os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
block, blocks = os.urandom(1 << 20), int(sys.argv[2])
while True:
    for number in range(blocks):
        os.pwrite(descriptor, block, number << 20)
    os.write(1, b"dirty\\n")
"""


def test_what_is_dirty_before_the_freeze_is_written_out_while_writers_still_run(scene: Scene) -> None:
    with scene.stopped_at(CrashPoint.OPENING, scene.job()) as run:
        (scene.stage.database.mount_point / "dirt").write_bytes(bytes(DIRTY_MIB * MIB))
        wake(run)
        end = ended(run)
    assert end.status == 0, end
    facts = newest_facts(scene)
    assert facts.freeze_asked is not None
    assert facts.freeze is not None
    flush_s = facts.freeze_asked.elapsed_s(facts.freeze.frozen_at)
    freeze_s = facts.freeze.frozen_at.elapsed_s(facts.freeze.held_at)
    assert freeze_s < flush_s
    clean_up(scene)


def test_what_gets_dirty_meanwhile_lengthens_the_freeze_and_not_the_hold(scene: Scene) -> None:
    with scene.stopped_at(CrashPoint.OPENING, scene.job()) as run, dirtied(scene):
        wake(run)
        end = ended(run)
        scene.demand_thawed()
    assert end.status in (0, 4), end
    if end.status == 0:
        facts = newest_facts(scene)
        assert facts.freeze is not None
        assert facts.release is not None
        freeze_s = facts.freeze.frozen_at.elapsed_s(facts.freeze.held_at)
        assert facts.release.hold_s <= facts.release.frozen_s - freeze_s + 0.001
    clean_up(scene)


def test_a_flush_that_outlasts_the_budget_aborts_the_run_and_is_thawed_when_it_ends(scene: Scene) -> None:
    budgets = {"commit_s": 0.02, "hold_s": 0.03, "freeze_s": 0.04, "thaw_s": 4.0}
    with scene.stopped_at(CrashPoint.OPENING, scene.job(budgets=budgets)) as run, dirtied(scene):
        wake(run)
        end = ended(run)
        assert end.status == 4, end
        scene.demand_thawed()
    clean_up(scene)


@contextmanager
def dirtied(scene: Scene) -> Iterator[None]:
    """Have a process dirty so much, over and over, on the database's file system."""
    words = [str(scene.stage.database.mount_point / "dirt"), str(DIRTY_MIB)]
    with subprocess.Popen([sys.executable, "-c", DIRTIER, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"dirty\n"
            yield
        finally:
            process.kill()


def newest_facts(scene: Scene) -> WindowFacts:
    chain = EvidenceChain.of_job(scene.installation.folder.evidence, "nightly")
    (*_, facts) = [
        claim.facts
        for path in chain.files()
        if isinstance(claim := read_record(path.read_bytes()).claim, Proof)
    ]
    return facts


def clean_up(scene: Scene) -> None:
    assert scene.recover() == []
    scene.delete_sets()
    (scene.stage.database.mount_point / "dirt").unlink()
    scene.demand_nothing_left()
    scene.demand_next_run()
