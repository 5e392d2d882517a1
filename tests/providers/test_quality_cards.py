"""Every provider's quality card says what its tests show, and claims no tier above that."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CARDS: Final = sorted((ROOT / "providers").glob("*/quality.toml"))

# Tier by tier: what a provider needs to be safe, to be pleasant, and to be proven.
TIERS: Final[Mapping[str, frozenset[str]]] = {
    "bronze": frozenset(
        {
            "one-request-per-cut",
            "refuses-a-cut-without-a-live-token",
            "nothing-is-repeated-in-the-window",
            "name-taken-is-a-failure-in-the-window",
            "aborts-after-lost-answer",
            "arming-twice-yields-one-consistency-group",
            "foreign-objects-with-our-prefix-are-untouched",
            "verifies-tls",
            "shows-no-secret",
        }
    ),
    "silver": frozenset(
        {
            "members-changed",
            "partial-cut-is-detected",
            "a-full-array-is-found-before-the-freeze",
            "keeps-connection-warm",
            "owned-lists-void-pending-objects",
            "cloning-twice-yields-the-same-ones",
            "presenting-twice-yields-the-same",
            "rights-in-vendor-words",
        }
    ),
    "gold": frozenset(
        {
            "recorded-on-hardware",
            "request-life-is-measured",
            "volumes-per-cut-is-measured",
            "mirrors-are-split-in-the-window-only",
        }
    ),
}
RULES: Final = frozenset().union(*TIERS.values())


def names_of_tests(vendor: str) -> frozenset[str]:
    """Return the names of all tests of one vendor's folder."""
    sources = (ROOT / "tests" / "providers" / vendor).rglob("test_*.py")
    found = (re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M) for path in sources)
    return frozenset(name for names in found for name in names)


def faults_of(card: Mapping[str, Any], tests: frozenset[str]) -> Iterator[str]:
    """Say what is wrong with a card."""
    rules: Mapping[str, Any] = card.get("rules", {})
    yield from (f"unknown rule {rule}" for rule in rules.keys() - RULES)
    yield from (f"no word about {rule}" for rule in RULES - rules.keys())
    if card.get("tier") not in TIERS:
        yield f"unknown tier {card.get('tier')}"
        return
    tiers = list(TIERS)
    claimed = frozenset().union(*(TIERS[tier] for tier in tiers[: tiers.index(card["tier"]) + 1]))
    for rule, entry in rules.items():
        status = entry if isinstance(entry, str) else entry.get("status")
        if status not in ("done", "todo", "exempt"):
            yield f"{rule}: unknown status {status}"
        if status == "done" and not any(test.startswith(f"test_{rule.replace('-', '_')}") for test in tests):
            yield f"{rule}: done, but no test has its name"
        if status == "todo" and rule in claimed:
            yield f"{rule}: todo inside the claimed tier"
        if status != "done" and not (isinstance(entry, dict) and entry.get("comment")):
            yield f"{rule}: {status} without a comment"


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_a_card_claims_what_its_tests_show(path: Path) -> None:
    assert list(faults_of(tomllib.loads(path.read_text("utf-8")), names_of_tests(path.parent.name))) == []


def test_every_provider_has_a_card() -> None:
    providers = {path.parent for path in (ROOT / "providers").glob("*/provider.py")}
    assert providers == {path.parent for path in CARDS}


TODO: Final = {"status": "todo", "comment": "later"}
GOOD: Final[dict[str, Any]] = {
    "tier": "silver",
    "rules": {rule: TODO if rule in TIERS["gold"] else "done" for rule in RULES},
}


@pytest.mark.parametrize(
    ("spoiled", "fault"),
    [
        ({"tier": "platinum"}, "unknown tier"),
        ({"tier": "gold"}, "todo inside the claimed tier"),
        ({"rules": {"made-up": "done"}}, "unknown rule made-up"),
        ({"rules": {"verifies-tls": "perhaps"}}, "unknown status"),
        ({"rules": {"verifies-tls": TODO}}, "todo inside the claimed tier"),
        ({"rules": {"verifies-tls": "exempt"}}, "without a comment"),
        ({"rules": {"recorded-on-hardware": "done"}}, "no test has its name"),
    ],
)
def test_a_card_that_claims_too_much_fails(spoiled: dict[str, Any], fault: str) -> None:
    tests = frozenset(f"test_{rule.replace('-', '_')}" for rule in RULES - TIERS["gold"])
    card = GOOD | spoiled | {"rules": GOOD["rules"] | spoiled.get("rules", {})}
    assert list(faults_of(GOOD, tests)) == []
    assert any(fault in found for found in faults_of(card, tests))


def test_a_card_that_is_silent_about_a_rule_fails() -> None:
    assert "no word about verifies-tls" in list(faults_of({"tier": "bronze", "rules": {}}, frozenset()))
