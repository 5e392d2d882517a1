from __future__ import annotations

import signal
import time

import pytest

from tests.journeys.home import Home, ended
from tests.journeys.lab import DATABASES

pytestmark = [pytest.mark.journey, pytest.mark.timeout(90)]


@pytest.mark.parametrize(
    "signals",
    [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]],
    ids=["SIGTERM", "SIGINT, and again during the thaw"],
)
def test_a_run_stopped_inside_its_window_thaws_and_leaves_nothing(
    home: Home, signals: list[signal.Signals]
) -> None:
    before, asked = home.lab.inventory(), home.lab.cuts_asked()
    home.lab.arrays[DATABASES].fault("late-answer", delay_s=4.0)
    home.lab.host.fault("hangs-on-thaw")  # so that the thaw lasts until its second rung
    with home.started("run", home.job(budgets={"thaw_s": 0.5}), "--json") as run:
        home.lab.wait_for_cuts_after(asked)
        assert home.lab.stands_still()
        for number in signals:
            run.send_signal(number)
            time.sleep(0.1)
        stopped = ended(run)
    assert home.lab.writes()
    assert stopped.status == 4
    assert stopped.result["run"]["status"] == "aborted"
    assert stopped.result["run"]["problem"]["code"] == "run.interrupted"
    assert stopped.result["timeline"]["budget_left_s"]["hold"] > 0
    assert home.lab.inventory() == before
    assert home.claims() == ["Aborted"]
