"""Whatever order the moments of a window come in, only the one right order is proven."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.facts import WindowFacts
from orchestrator.model.time import Reading
from tests.facts import judged, ours, sound_facts

SOUND = sound_facts()
MOMENTS_S = (0.0, 0.8, 0.81, 0.82, 0.96, 0.97, 1.0, 1.3)


def window_at(moments: list[Reading]) -> WindowFacts:
    """Return the sound window with these readings for its eight moments."""
    asked, seen, first_asked, second_asked, first_answer, second_answer, sent, released = moments
    first, second = SOUND.cuts
    return replace(
        SOUND,
        freeze_asked=asked,
        freeze_seen=seen,
        cuts=(
            replace(first, asked_at=first_asked, acknowledged_at=first_answer),
            replace(second, asked_at=second_asked, acknowledged_at=second_answer),
        ),
        release_sent=sent,
        release_seen=released,
    )


def in_order(moments: list[float]) -> bool:
    asked, seen, first_asked, second_asked, first_answer, second_answer, sent, released = moments
    return asked <= seen <= min(first_asked, second_asked) and all(
        cut <= answer < sent <= released
        for cut, answer in ((first_asked, first_answer), (second_asked, second_answer))
    )


def proven(facts: WindowFacts) -> bool:
    return not any(finding.fatal for finding in judged(facts))


def test_the_right_order_is_proven() -> None:
    assert proven(window_at([ours(at) for at in MOMENTS_S]))


@settings(max_examples=300)
@given(st.permutations(MOMENTS_S))
def test_shuffled_moments_are_proven_only_when_their_order_is_right(moments: list[float]) -> None:
    assert in_order(moments) or not proven(window_at([ours(at) for at in moments]))


@settings(max_examples=300)
@given(st.lists(st.integers(0, 13), min_size=8, max_size=8), st.booleans())
def test_moments_at_random_are_proven_only_when_their_order_is_right(
    tenths: list[int], ordered: bool
) -> None:
    moments = [tenth / 10 for tenth in (sorted(tenths) if ordered else tenths)]
    assert in_order(moments) or not proven(window_at([ours(at) for at in moments]))


@settings(max_examples=300)
@given(st.permutations(MOMENTS_S), st.booleans())
def test_one_clock_in_order_does_not_make_up_for_the_other(moments: list[float], of_wall: bool) -> None:
    right, shuffled = [ours(at) for at in MOMENTS_S], [ours(at) for at in moments]
    mixed = [
        Reading(a.wall, b.monotonic_s) if of_wall else Reading(b.wall, a.monotonic_s)
        for a, b in zip(right, shuffled, strict=True)
    ]
    assert in_order(moments) or not proven(window_at(mixed))
