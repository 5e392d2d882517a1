from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.installation import ProvenSet
from tests.e2e.promise import NotAsPromised
from tests.e2e.rounds import GRADE, Round
from tests.e2e.verdict import Copy, copies

SAID: Final = [
    *("frozen-log clean", "frozen-index clean", "frozen-db clean"),
    *("unfrozen-log needs-replay", "unfrozen-index clean", "unfrozen-db clean"),
    *("frozen-log 000000000007", "frozen-db 000000000006"),
    *("unfrozen-log 000000000009", "unfrozen-db 000000000021"),
]
PROVEN: Final = ProvenSet(
    "qsc-a-b-1", GRADE, emulated=False, window_ms=300.0, evidence=Path(), public_key=Path()
)
GOOD: Final = Round(PROVEN, Copy(7, 6, clean=True), Copy(9, 21, clean=False))


def test_what_a_standby_says_is_understood() -> None:
    found = copies(["up", *SAID, "down"])
    assert (found["frozen"], found["unfrozen"]) == (GOOD.frozen, GOOD.unfrozen)


@pytest.mark.parametrize("lost", SAID)
def test_a_copy_that_was_not_read_whole_is_no_finding(lost: str) -> None:
    with pytest.raises(NotAsPromised, match=f"the {lost.partition('-')[0]} copy"):
        copies([line for line in SAID if line != lost])


@pytest.mark.parametrize(
    ("log", "db", "in_order"), [(4, 4, True), (5, 4, True), (6, 4, False), (4, 5, False), (0, 0, True)]
)
def test_order_is_what_the_writer_can_have_left(log: int, db: int, *, in_order: bool) -> None:
    assert Copy(log, db, clean=True).in_order is in_order


def test_a_good_round_is_good() -> None:
    GOOD.check(None)
    GOOD.check(replace(GOOD, frozen=Copy(1, 1, clean=True), unfrozen=Copy(2, 6, clean=False)))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda good: replace(good, frozen=Copy(7, 8, clean=True)), "is not valid"),
        (lambda good: replace(good, frozen=Copy(7, 7, clean=False)), "is not valid"),
        (lambda good: replace(good, unfrozen=Copy(9, 9, clean=False)), "does not show it"),
        (lambda good: replace(good, unfrozen=Copy(9, 21, clean=True)), "does not show it"),
        (lambda good: replace(good, unfrozen=Copy(7, 21, clean=False)), "stood still after the thaw"),
        (lambda good: replace(good, proven=replace(PROVEN, emulated=True)), "real parts"),
        (lambda good: replace(good, proven=replace(PROVEN, grade="agent-quiesced")), "real parts"),
    ],
)
def test_a_round_that_breaks_a_promise_is_seen(spoil: Callable[[Round], Round], why: str) -> None:
    with pytest.raises(NotAsPromised, match=why):
        spoil(GOOD).check(None)


def test_a_writer_that_stood_still_between_two_rounds_is_seen() -> None:
    with pytest.raises(NotAsPromised, match="between rounds"):
        GOOD.check(replace(GOOD, unfrozen=Copy(3, 7, clean=False)))
