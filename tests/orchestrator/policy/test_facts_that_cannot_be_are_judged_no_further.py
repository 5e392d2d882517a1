from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import pytest

from orchestrator.model.budgets import Budgets
from orchestrator.model.time import ClockOffset
from tests.facts import judged, ours, sound_facts, the_hosts
from tests.orchestrator.policy.spoil import (
    Spoil,
    both,
    cut_with,
    facts_with,
    freeze_with,
    frozen_writer_with,
    member_with,
    release_with,
    wall_only,
)

CUT = sound_facts().cuts[1]
IMPOSSIBLE = "proof.facts-impossible"

NONSENSE: dict[str, Spoil] = {
    "no session id": both(facts_with(session_id=""), frozen_writer_with(session_id="")),
    "no set id": facts_with(set_id=""),
    "a budget wider than the product's": facts_with(budgets=Budgets(hold_s=6.5)),
    "a budget of nothing": facts_with(budgets=Budgets(clock_disagreement_s=0.0)),
    "a budget that is no number": facts_with(budgets=Budgets(freeze_s=nan)),
    "a negative hold": release_with(hold_s=-0.1),
    "a hold that is no number": release_with(hold_s=nan),
    "a freeze without end": release_with(frozen_s=inf),
    "a negative error of a clock": cut_with(clock=ClockOffset(0.75, -1.0)),
    "an offset that is no number": cut_with(clock=ClockOffset(nan, 0.0)),
    "a host clock without end": facts_with(host_clock=ClockOffset(inf, 0.0)),
    "a grain that is no number": cut_with(precision_s=nan),
    "a monotonic clock that is no number": facts_with(freeze_seen=replace(ours(0.8), monotonic_s=nan)),
    "a monotonic clock without end": facts_with(release_seen=replace(ours(1.3), monotonic_s=inf)),
    "a wall clock without a zone": cut_with(
        asked_at=replace(ours(0.82), wall=ours(0.82).wall.replace(tzinfo=None))
    ),
    "a cut time without a zone": member_with(cut_at=CUT.listed[1].cut_at.replace(tzinfo=None)),
    "seen frozen before asked": facts_with(freeze_asked=ours(0.805)),
    "acknowledged before asked": cut_with(acknowledged_at=ours(0.815)),
    "acknowledged before asked, by the wall clock": cut_with(acknowledged_at=wall_only(ours(0.97), -0.2)),
    "released before sent": facts_with(release_seen=ours(0.99)),
    "thawed before released": release_with(thawed_at=the_hosts(1.05)),
    "released before held": release_with(released_at=the_hosts(0.6)),
    "held before frozen": freeze_with(frozen_at=the_hosts(0.75)),
}


@pytest.mark.parametrize("spoil", NONSENSE.values(), ids=NONSENSE.keys())
def test_facts_that_cannot_be_are_fatal_and_judged_no_further(spoil: Spoil) -> None:
    findings = judged(spoil(sound_facts()))
    assert {finding.code for finding in findings} == {IMPOSSIBLE}
    assert all(finding.fatal for finding in findings)
