from __future__ import annotations

import signal

import pytest

from orchestrator.journal.crash_points import CrashPoint
from tests.journeys.home import Home, ended
from tests.journeys.lab import DATABASES, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]

CLONE = "POST volumes"


def test_recovery_and_a_second_run_leave_a_living_run_alone(home: Home) -> None:
    dead = home.quiesce("run", home.job("dead"), "--json", QUIESCE_CRASH_AT=CrashPoint.BEGUN)
    assert dead.status == -signal.SIGKILL
    array = home.lab.arrays[DATABASES]
    array.fault("late-answer", delay_s=2.0)
    array.fault("late-answer", CLONE, delay_s=0.5)
    asked, clones = home.lab.cuts_asked(), array.count(CLONE)
    with home.started("run", home.job(clone=True), "--json") as run:
        home.lab.wait_for_cuts_after(asked)
        recovered = home.quiesce_here("recover", "--json").result["runs"]
        assert {each["job"]: each["status"] for each in recovered} == {
            "dead": "aborted",
            "nightly": "running",
        }
        assert home.lab.stands_still()

        wait_until(lambda: array.count(CLONE) > clones)
        run.send_signal(signal.SIGSTOP)  # its set is proven: it has all the time in the world
        (running,) = home.quiesce("recover", "--json").result["runs"]
        assert running["status"] == "running"
        second = home.quiesce("run", home.job("other"), "--json")
        assert second.status == 3
        assert second.problem["code"] == "host.busy"

        run.send_signal(signal.SIGCONT)
        completed = ended(run)
    assert completed.result["run"]["status"] == "completed"
    assert len(completed.result["clones"]) == 4
    assert list(home.sets()) == [running["set"]]
    assert home.claims("other") == []
