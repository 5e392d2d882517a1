"""Ways to spoil one thing in a window that went well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from orchestrator.model.facts import WindowFacts
from orchestrator.model.time import Reading
from tests.facts import with_cut

Spoil = Callable[[WindowFacts], WindowFacts]


def facts_with(**changes: Any) -> Spoil:
    return lambda facts: replace(facts, **changes)


def cut_with(**changes: Any) -> Spoil:
    return lambda facts: with_cut(facts, 1, replace(facts.cuts[1], **changes))


def freeze_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.freeze is not None
        return replace(facts, freeze=replace(facts.freeze, **changes))

    return spoil


def release_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.release is not None
        return replace(facts, release=replace(facts.release, **changes))

    return spoil


def frozen_writer_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.freeze is not None
        first, second = facts.freeze.writers
        return freeze_with(writers=(first, replace(second, **changes)))(facts)

    return spoil


def writer_after_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        assert facts.writers_after is not None
        first, second = facts.writers_after
        return replace(facts, writers_after=(first, replace(second, **changes)))

    return spoil


def member_with(**changes: Any) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        first, second = facts.cuts[1].listed
        return cut_with(listed=(first, replace(second, **changes)))(facts)

    return spoil


def cut_later_by(seconds: float) -> Spoil:
    """Move one cut's time on the array; in a sound window the cut is 0.1 s after the freeze was seen."""
    return lambda facts: member_with(cut_at=facts.cuts[1].listed[1].cut_at + timedelta(seconds=seconds))(
        facts
    )


def both(*spoils: Spoil) -> Spoil:
    def spoil(facts: WindowFacts) -> WindowFacts:
        for one in spoils:
            facts = one(facts)
        return facts

    return spoil


def wall_only(at: Reading, seconds: float) -> Reading:
    return replace(at, wall=at.wall + timedelta(seconds=seconds))
