from __future__ import annotations

from math import inf, nan

import pytest

from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.policy.budgets import tighten


def test_a_stricter_budget_is_taken_and_the_others_stay() -> None:
    tightened = tighten(DEFAULT_BUDGETS, {"hold_s": 5.5, "commit_s": 1})
    assert tightened == Budgets(hold_s=5.5, commit_s=1)
    assert tighten(DEFAULT_BUDGETS, {}) == DEFAULT_BUDGETS
    assert tighten(DEFAULT_BUDGETS, {"hold_s": 6.0}) == DEFAULT_BUDGETS


@pytest.mark.parametrize(
    ("wished", "subject"),
    [
        ({"hold_s": 6.001}, "budgets.hold_s"),
        ({"freeze_s": 20}, "budgets.freeze_s"),
        ({"prepare_s": 601}, "budgets.prepare_s"),
        ({"clock_disagreement_s": 1}, "budgets.clock_disagreement_s"),
        ({"commit_s": 0}, "budgets.commit_s"),
        ({"commit_s": -1}, "budgets.commit_s"),
        ({"commit_s": nan}, "budgets.commit_s"),
        ({"commit_s": inf}, "budgets.commit_s"),
        ({"commit_s": True}, "budgets.commit_s"),
        ({"comit_s": 1}, "budgets.comit_s"),
        ({"hold_s": 4.0}, "budgets.hold_s"),
        ({"freeze_s": 6.0}, "budgets.freeze_s"),
    ],
)
def test_a_budget_that_is_wider_or_makes_no_sense_is_refused_by_name(
    wished: dict[str, float], subject: str
) -> None:
    findings = tighten(DEFAULT_BUDGETS, wished)
    assert not isinstance(findings, Budgets)
    assert [(one.code, one.subject, one.fatal) for one in findings] == [("input.bad-key", subject, True)]
