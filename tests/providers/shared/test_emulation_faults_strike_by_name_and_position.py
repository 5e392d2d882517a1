"""The plan of faults."""

from __future__ import annotations

import re

import pytest

from orchestrator.plugin import Fault
from providers.shared import emulation
from providers.shared.emulation.faults import INSIDE, ON_THE_WAY, FaultPlan


def names(plan: FaultPlan, call: str) -> list[str]:
    return [fault.name for fault in plan.due(call)]


def test_a_fault_waits_for_its_call_and_position() -> None:
    plan = FaultPlan()
    plan.add(Fault("busy", "POST cut", position=2))
    assert [names(plan, call) for call in ("POST cut", "GET cut", "POST cut", "POST cut")] == [
        [],
        [],
        ["busy"],
        [],
    ]


def test_position_zero_is_every_call_and_a_star_is_any_call() -> None:
    plan = FaultPlan()
    plan.add(Fault("busy", position=0))
    plan.add(Fault("half-cut", "*"))
    assert [names(plan, call) for call in ("GET a", "GET b", "GET a")] == [
        ["busy", "half-cut"],
        ["busy"],
        ["busy"],
    ]
    plan.clear()
    assert names(plan, "GET a") == []


@pytest.mark.parametrize(
    "fault", [Fault("no-such-fault"), Fault("busy", position=-1), Fault("busy", delay_s=-0.1)]
)
def test_an_impossible_fault_is_not_planned(fault: Fault) -> None:
    with pytest.raises(ValueError, match=r"no fault|count from 0"):
        FaultPlan().add(fault)


def test_the_table_of_faults_names_each_one() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)`", emulation.__doc__ or "", re.MULTILINE)) == ON_THE_WAY | INSIDE
