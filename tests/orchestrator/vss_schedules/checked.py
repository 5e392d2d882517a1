"""Many schedules played and held against every rule; what came of them is counted and printed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from orchestrator.model.grades import RunStatus
from tests.orchestrator.vss_schedules.explained import unexplained
from tests.orchestrator.vss_schedules.rules import broken_rules
from tests.orchestrator.vss_schedules.schedule import Played
from tests.virtual_time import run_in_virtual_time

# Schedules a file of tests, each of two runs with faults and one without.
SCHEDULES: Final = int(os.environ.get("QUIESCE_VSS_SCHEDULES", "5000"))
FIRST_SEED: Final = int(os.environ.get("QUIESCE_SEED", "20260301"))
PARTS: Final = 2

_AGAIN: Final = "QUIESCE_SEED={seed} QUIESCE_VSS_SCHEDULES=1 .venv/bin/python -m pytest {file} -k one_seed -s"

Player = Callable[[int], Coroutine[Any, Any, Played]]


@dataclass
class Tally:
    """How runs ended, and in how many of them each fault struck."""

    runs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    def add(self, played: Played) -> None:
        for one, struck in zip(played.faulty, played.struck, strict=True):
            self.runs += 1
            result = one.run.result
            self.ends["died" if one.died else "untouched" if result is None else str(result.status)] += 1
            self.hits.update(struck.keys())

    def __str__(self) -> str:
        return f"{self.runs} runs: {dict(self.ends)}\nhits: {dict(sorted(self.hits.items()))}"

    def seldom(self, faults: Sequence[str], one_in: int) -> dict[str, int]:
        """Return the faults that fewer than one in so many runs met, in whole numbers."""
        enough = self.runs // one_in
        return {fault: self.hits[fault] for fault in faults if self.hits[fault] < enough}


def seeds_of(part: int) -> range:
    """Return one part of the seeds."""
    each = SCHEDULES // PARTS
    return range(FIRST_SEED + part * each, FIRST_SEED + (part + 1) * each)


def run_schedules(player: Player, seeds: Iterable[int], file: str) -> Tally:
    """Play schedules; the first that breaks a rule fails, and says how to play it again."""
    tally = Tally()
    for seed in seeds:
        played = run_in_virtual_time(player(seed))
        if found := complaints(played):
            again = _AGAIN.format(seed=seed, file=os.path.relpath(file))
            pytest.fail("\n".join(["", *found, str(played), again]), pytrace=False)
        tally.add(played)
    print(tally)
    return tally


def complaints(played: Played) -> list[str]:
    """Return everything that is wrong with how a schedule ended."""
    found = broken_rules(played.scene)
    for one, struck in zip(played.faulty, played.struck, strict=True):
        found += unexplained(one, struck)
    last = played.scene.runs[-1]
    if last.run.result is None or last.run.result.status is not RunStatus.COMPLETED:
        why = last.error if last.run.result is None else last.run.result.error
        found.append(f"the next run on that host did not succeed: {why}")
    return found
