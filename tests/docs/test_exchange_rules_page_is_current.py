from __future__ import annotations

import re
from pathlib import Path

from orchestrator.errors import CATALOGUE
from orchestrator.errors.explanations import policy_exchange
from orchestrator.policy.exchange_rules import RULES

PAGE = (Path(__file__).parents[2] / "docs/explanation/exchange-rules.md").read_text(encoding="utf-8")


def test_the_page_has_the_rows_of_the_table_in_its_order_and_no_others() -> None:
    rows = [
        f"| `{rule.code}` | {rule.versions} | {'refused' if rule.refuses else 'a note'} | {rule.why} |"
        for rule in RULES
    ]
    assert re.findall(r"^\| `.*$", PAGE, re.MULTILINE) == rows


def test_every_rule_is_explained_and_every_explanation_belongs_to_a_rule() -> None:
    assert {rule.code for rule in RULES} == set(policy_exchange.ENTRIES)
    assert set(policy_exchange.ENTRIES) <= set(CATALOGUE)
