"""Where no writer takes part, file systems are counted: asked for, frozen, still frozen at our thaw."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from orchestrator.model.facts import WindowFacts
from orchestrator.model.grades import Grade
from orchestrator.model.hosts import HoldEnd
from orchestrator.policy.proof import RULES_BY_COUNT, RULES_WITH_WRITERS
from tests.facts import WRITERS, judged, sound_facts
from tests.orchestrator.policy.spoil import Spoil, both, cut_with, facts_with, release_with

LOWER: Final = (Grade.AGENT_QUIESCED, Grade.FILE_SYSTEM_CONSISTENT)
FROZEN: Final = "proof.file-system-not-frozen"
OTHERS: Final = "proof.thawed-by-others"


def frozen_by_count(count: int = 4, still: int | None = 4) -> WindowFacts:
    """Return a sound window of a host without writers whose set lies on four file systems."""
    sound = sound_facts()
    assert sound.freeze is not None
    assert sound.release is not None
    return replace(
        sound,
        selected=(),
        freeze=replace(sound.freeze, writers=(), file_systems=count),
        release=replace(sound.release, set_status=0, file_systems=still),
        writers_after=(),
    )


CASES: Final[dict[str, tuple[str, WindowFacts]]] = {
    "one was not frozen": (FROZEN, frozen_by_count(3, 3)),
    "one too many was frozen": (FROZEN, frozen_by_count(5, 5)),
    "none was frozen": (FROZEN, frozen_by_count(0, 0)),
    "one was thawed by somebody else": (OTHERS, frozen_by_count(4, 3)),
    "all were thawed by somebody else": (OTHERS, frozen_by_count(4, 0)),
    "how many were still frozen was lost": (OTHERS, frozen_by_count(4, None)),
}

# What holds for every grade, whoever froze.
COMMON: Final[dict[str, tuple[str, Spoil]]] = {
    "the host never reported": ("proof.writer-not-frozen", facts_with(freeze=None, freeze_seen=None)),
    "a cut was not acknowledged": ("proof.cut-not-acknowledged", cut_with(acknowledged_at=None)),
    "the dead man thawed": ("proof.hold-not-ours", release_with(hold_ended_by=HoldEnd.DEAD_MAN)),
    "somebody else thawed": ("proof.hold-not-ours", release_with(hold_ended_by=HoldEnd.FOREIGN)),
    "nobody knows who thawed": ("proof.hold-not-ours", release_with(hold_ended_by=HoldEnd.UNPROVEN)),
    "nothing is listed": ("proof.members-differ", cut_with(listed=())),
    "no map after": ("proof.map-changed", facts_with(map_after=None)),
}


@pytest.mark.parametrize("grade", LOWER)
def test_equal_counts_are_proven_without_a_remark(grade: Grade) -> None:
    assert judged(frozen_by_count(), grade) == ()


@pytest.mark.parametrize("grade", LOWER)
@pytest.mark.parametrize(("code", "facts"), CASES.values(), ids=CASES.keys())
def test_counts_that_differ_are_fatal(code: str, facts: WindowFacts, grade: Grade) -> None:
    assert {finding.code for finding in judged(facts, grade) if finding.fatal} == {code}


@pytest.mark.parametrize("grade", LOWER)
@pytest.mark.parametrize(("code", "spoil"), COMMON.values(), ids=COMMON.keys())
def test_what_no_writer_is_needed_for_is_judged_all_the_same(code: str, spoil: Spoil, grade: Grade) -> None:
    assert {finding.code for finding in judged(spoil(frozen_by_count()), grade) if finding.fatal} == {code}


def test_no_count_of_file_systems_makes_a_set_application_consistent() -> None:
    codes = {finding.code for finding in judged(frozen_by_count(), Grade.WRITER_VERIFIED)}
    assert codes == {"proof.writer-not-frozen", "proof.set-not-finished"}


@pytest.mark.parametrize("grade", LOWER)
def test_writers_that_took_part_have_to_vouch_whatever_was_counted(grade: Grade) -> None:
    facts = replace(frozen_by_count(), selected=WRITERS)
    assert {finding.code for finding in judged(facts, grade)} == {
        "proof.writer-not-frozen",
        "proof.set-not-finished",
        "proof.writer-lost",
    }


def test_nothing_but_what_writers_vouch_for_is_replaced_by_counting() -> None:
    replaced = {"every_writer_frozen", "set_finished", "writers_still_there"}
    with_writers, by_count = (
        {rule.__name__ for _, rule in rules} for rules in (RULES_WITH_WRITERS, RULES_BY_COUNT)
    )
    assert with_writers - by_count == replaced
    assert by_count - with_writers == {"every_file_system_frozen", "all_still_frozen"}


def test_spoiling_twice_is_found_twice() -> None:
    spoil = both(release_with(hold_ended_by=HoldEnd.FOREIGN, file_systems=3), cut_with(listed=()))
    codes = {finding.code for finding in judged(spoil(frozen_by_count()), Grade.FILE_SYSTEM_CONSISTENT)}
    assert codes == {OTHERS, "proof.hold-not-ours", "proof.members-differ"}
