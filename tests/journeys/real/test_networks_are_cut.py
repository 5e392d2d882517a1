"""A network that goes away in the window.

Hosts with real file systems are reached over none, and no array that is knows their LUNs: host and arrays are
emulated here. The network is a real one, of the kernel: what is sent is lost, and nobody is told.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from orchestrator.journal.crash_points import CrashPoint
from tests.journeys.home import Home, ended
from tests.journeys.lab import Inventory, running_lab
from tests.journeys.real import network
from tests.journeys.real.points import IN_WINDOW
from tests.journeys.real.processes import await_stop, wake

pytestmark = [pytest.mark.real, pytest.mark.journey, pytest.mark.timeout(300)]

TIGHT: Final = {"commit_s": 0.5, "hold_s": 0.8, "freeze_s": 1.5, "thaw_s": 0.5}


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Emulated arrays and host, and an installation that knows them, all in a network of their own."""
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    folder = tmp_path_factory.mktemp("network")
    with network.own_network(), running_lab(folder / "lab") as lab:
        home = Home(folder / "home", lab)
        home.register()
        yield home


@pytest.mark.parametrize("point", IN_WINDOW)
def test_a_host_that_is_cut_off_in_the_window_thaws_by_itself_and_the_run_is_undone(
    cut_off: Home, needs_program: Callable[[str], str], point: CrashPoint
) -> None:
    needs_program("ip")
    before = cut_off.lab.inventory()
    with stopped_at(cut_off, point) as run:
        with network.gone():
            wake(run)
            assert cut_off.lab.writes()  # as the disks themselves show
        while await_stop(run):  # the other array acknowledged its cut as well
            wake(run)
        end = ended(run)
    # With the report of the thaw in hand, a network that comes back soon enough was never missed.
    ends = {"aborted", "completed" if point is CrashPoint.RELEASED else "in-doubt"}
    assert end.result["run"]["status"] in ends, end
    nothing_is_left(cut_off, before)


@pytest.mark.nightly
@pytest.mark.parametrize("point", IN_WINDOW)
def test_a_run_whose_network_does_not_come_back_ends_in_doubt(cut_off: Home, point: CrashPoint) -> None:
    before = cut_off.lab.inventory()
    with stopped_at(cut_off, point) as run, network.gone():
        wake(run)
        assert cut_off.lab.writes()
        while await_stop(run):
            wake(run)
        end = ended(run)
    assert (end.status, end.result["run"]["status"]) == (6, "in-doubt"), end
    nothing_is_left(cut_off, before)


@contextmanager
def stopped_at(home: Home, point: CrashPoint) -> Iterator[subprocess.Popen[str]]:
    """Start a run that stops itself at a point, and wait for that."""
    with home.started("run", home.job(budgets=TIGHT), "--json", QUIESCE_STOP_AT=point) as run:
        assert await_stop(run), ended(run)
        yield run


def nothing_is_left(home: Home, before: Inventory) -> None:
    recovered = home.quiesce_here("recover", "--json").result["runs"]
    assert {each["status"] for each in recovered} <= {"aborted"}
    assert home.quiesce_here("recover", "--json").result["runs"] == []
    delete_sets(home)
    assert home.lab.inventory() == before
    assert home.quiesce_here("run", home.job(), "--json").result["run"]["status"] == "completed"
    delete_sets(home)


def delete_sets(home: Home) -> None:
    for set_id in home.sets():
        assert home.quiesce_here("set", "delete", set_id, "--json").status == 0
