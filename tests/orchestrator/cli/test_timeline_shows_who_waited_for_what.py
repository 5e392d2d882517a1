from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.cli.timeline import budget_left, draw, spans_of
from orchestrator.model.facts import WindowFacts
from tests.facts import ours, sound_facts, with_cut
from tests.orchestrator.policy.spoil import cut_with, facts_with, release_with

FACTS = sound_facts()


def never_frozen(facts: WindowFacts) -> WindowFacts:
    cuts = tuple(replace(cut, asked_at=None, acknowledged_at=None) for cut in facts.cuts)
    return replace(facts, freeze=None, freeze_seen=None, cuts=cuts)


def test_spans_run_from_the_request_to_freeze_in_the_order_of_a_window() -> None:
    assert [(span.label, round(span.start_s, 3), round(span.end_s, 3)) for span in spans_of(FACTS)] == [
        ("writers freeze", 0.0, 0.8),
        ("writes held", 0.8, 1.0),
        ("cut on array-logs-name", 0.81, 0.96),
        ("cut on array-databases-name", 0.82, 0.97),
        ("thaw", 1.0, 1.3),
    ]


def test_what_never_ended_has_no_span() -> None:
    late = with_cut(FACTS, 1, replace(FACTS.cuts[1], acknowledged_at=None))
    assert "cut on array-databases-name" not in [span.label for span in spans_of(late)]
    unreleased = facts_with(release_seen=None, release=None)(FACTS)
    assert [span.label for span in spans_of(unreleased)][-1] == "cut on array-databases-name"
    assert [span.label for span in spans_of(never_frozen(FACTS))] == ["thaw"]


def test_what_is_left_of_each_budget() -> None:
    left = {name: round(seconds, 3) for name, seconds in budget_left(FACTS).items()}
    # The slowest cut took 0.15 s, the host says that it held for 0.4 s, and all was over after 1.3 s.
    assert left == {"commit": 4.85, "hold": 5.6, "freeze": 13.7}


def test_nothing_is_left_of_the_budget_for_a_cut_that_never_answered() -> None:
    assert budget_left(cut_with(acknowledged_at=None)(FACTS))["commit"] == 0.0


def test_a_hold_is_as_long_as_the_host_says_it_was() -> None:
    assert budget_left(release_with(hold_s=5.5)(FACTS))["hold"] == pytest.approx(0.5)
    unreported = facts_with(release=None)(FACTS)
    assert budget_left(unreported)["hold"] == pytest.approx(5.8)  # as long as we saw it, then


def test_a_window_that_never_froze_has_used_neither_commit_nor_hold() -> None:
    assert set(budget_left(never_frozen(FACTS))) == {"freeze"}


def test_the_drawing_puts_each_bar_where_it_belongs() -> None:
    assert draw(FACTS).splitlines() == [
        "freeze window: 1300 ms",
        "  writers freeze              |##############################                  |   800.0 ms",
        "  writes held                 |                              #######           |   200.0 ms",
        "  cut on array-logs-name      |                              ######            |   150.0 ms",
        "  cut on array-databases-name |                              ######            |   150.0 ms",
        "  thaw                        |                                     ###########|   300.0 ms",
        "  budget left: commit 4.85 s, freeze 13.70 s, hold 5.60 s",
    ]


def test_the_drawing_names_an_array_that_never_answered() -> None:
    lines = draw(cut_with(acknowledged_at=None)(FACTS)).splitlines()
    assert "  cut on array-databases-name: no answer" in lines


def test_an_answer_after_the_release_makes_no_window_longer() -> None:
    late = cut_with(acknowledged_at=ours(7.0))(FACTS)
    drawn = draw(late).splitlines()
    assert drawn[0] == "freeze window: 1300 ms"
    assert "  cut on array-databases-name: answered after the release" in drawn
    assert budget_left(late)["commit"] == 0.0
    assert budget_left(late)["freeze"] == pytest.approx(13.7)


def test_a_bar_too_short_to_see_is_drawn_and_none_leaves_its_frame() -> None:
    short = with_cut(FACTS, 1, replace(FACTS.cuts[1], acknowledged_at=FACTS.cuts[1].asked_at))
    for line in draw(short).splitlines()[1:-1]:
        _, bar, _ = line.split("|")
        assert len(bar) == 48
        assert "#" in bar


def test_a_window_of_which_nothing_was_seen_was_never_open() -> None:
    unseen = replace(never_frozen(FACTS), release_sent=None, release_seen=None, release=None)
    assert draw(unseen) == "the window never opened"
