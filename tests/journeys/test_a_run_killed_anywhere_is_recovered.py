from __future__ import annotations

import signal
from typing import Any, Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.model.grades import Grade, RunStatus
from tests.journeys.home import Home, ended
from tests.journeys.lab import CUT, DATABASES

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]

# From here on the proof is on disk, so nothing may delete the set any more; `undone` has none.
PROVEN: Final = list(CrashPoint)[list(CrashPoint).index(CrashPoint.SIGNED) : -1]


@pytest.mark.parametrize("point", CrashPoint)
def test_whatever_a_killed_run_left_is_kept_if_proven_and_gone_if_not(home: Home, point: CrashPoint) -> None:
    before = home.lab.inventory()
    died = home.quiesce("run", a_job_that_passes(home, point), "--json", QUIESCE_CRASH_AT=point)
    assert died.status == -signal.SIGKILL
    assert died.out == ""
    assert ("Proof" in home.claims()) is (point in PROVEN)
    if point is CrashPoint.FROZEN:
        assert home.lab.stands_still()

    (recovered,) = home.quiesce_here("recover", "--json").result["runs"]
    assert home.lab.writes()
    assert recovered["in_doubt"] == recovered["void_pending"] == []
    if point in PROVEN:
        it_was_kept(home, point, recovered, before)
    else:
        assert recovered["status"] == "aborted"
        assert home.lab.inventory() == before
        assert home.claims()[-1] == "Aborted"
        assert "Proof" not in home.claims()
    assert home.quiesce_here("recover", "--json").result == {"runs": []}


def test_a_process_killed_while_its_cut_is_under_way_leaves_nothing_and_the_next_run_works(
    home: Home,
) -> None:
    before = home.lab.inventory()
    home.lab.arrays[DATABASES].fault("late-answer", delay_s=1.5)
    asked = home.lab.cuts_asked()
    with home.started("run", home.job(), "--json") as run:
        home.lab.wait_for_cuts_after(asked)
        run.kill()
        assert ended(run).status == -signal.SIGKILL

    assert home.quiesce("recover", "--json").result["runs"][0]["status"] == "aborted"
    assert home.lab.inventory() == before
    assert home.quiesce("run", home.job(), "--json").result["run"]["status"] == "completed"
    assert home.lab.arrays[DATABASES].count(CUT) == asked[DATABASES] + 2


def a_job_that_passes(home: Home, point: CrashPoint) -> Any:
    if point is not CrashPoint.UNDONE:
        return home.job(clone=True, verify=True)
    home.lab.arrays[DATABASES].fault("late-answer", delay_s=2.0)
    return home.job(clone=True, budgets={"commit_s": 0.5})


def it_was_kept(home: Home, point: CrashPoint, recovered: dict[str, Any], before: Any) -> None:
    assert recovered["status"] == "completed"
    kept = home.sets()[recovered["set"]]
    assert (kept.status, kept.grade) == (RunStatus.COMPLETED, Grade.WRITER_VERIFIED)
    assert home.claims() == ["Proof", "WritersAnswer", *["Verification"] * (point is CrashPoint.VERIFIED)]
    assert (kept.verification is not None) is (point is CrashPoint.VERIFIED)
    assert home.lab.shown() == []
    now = home.lab.inventory()
    assert {key: now[key] for key in before} == before
    made = {name: found for (_, _, name), found in now.items() if name not in {key[2] for key in before}}
    assert made.keys() >= {each["replica_name"] for each in kept.replicas}
    assert len(kept.replicas) == 4
    assert all(name.startswith(recovered["set"]) and not destroyed for name, (_, destroyed) in made.items())
