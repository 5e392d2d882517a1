"""The demonstration on real parts: every host with every array, copies without a freeze and with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from orchestrator.lab.real.rounds import Rounds, Watch, frozen_rounds, proven_sets, split_rounds
from orchestrator.lab.real.signals import Signals, signals_noted
from orchestrator.lab.real.stage import COMBINATIONS, Combination, staged
from orchestrator.service.installation import Installation

SPLITS: Final = 10

Advance = Callable[[Combination], None]
"""Called after each round."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one combination showed.

    Attributes:
        split: copies split off without a freeze.
        frozen: clones of proven sets.
        proofs: how many proofs in the evidence verify.
    """

    combination: Combination
    split: Rounds
    frozen: Rounds
    proofs: int

    @property
    def as_promised(self) -> bool:
        """No clone of a proven set is torn, each has its proof, and most of what was split off is torn."""
        return (
            not self.frozen.problems
            and self.frozen.torn == 0
            and self.proofs == len(self.frozen.orders) > 0
            and self.split.torn * 2 > len(self.split.orders)
        )


def show_real_parts(installation: Installation, home: Path, rounds: int, advance: Advance) -> list[Shown]:
    """Stage each combination in turn and take it away again.

    Args:
        installation: into which the runs' evidence goes.
        home: a folder for the parts.
        rounds: how many proven sets each combination makes.
        advance: told of each round.

    Raises:
        Interrupted: SIGINT or SIGTERM came; everything has been taken away.
        OrchestratorError: a part of the lab failed.
    """
    with signals_noted() as signals:
        return [
            _show(installation, home / str(number), combination, rounds, advance, signals)
            for number, combination in enumerate(COMBINATIONS, 1)
        ]


def _show(
    installation: Installation,
    home: Path,
    combination: Combination,
    rounds: int,
    advance: Advance,
    signals: Signals,
) -> Shown:
    watch = Watch(signals.check, partial(advance, combination), signals.note_during_run)
    with staged(installation, combination, home) as stage:
        signals.check()
        frozen = frozen_rounds(stage, rounds, watch)
        split = split_rounds(stage, SPLITS, watch)  # last: a storage daemon keeps an overlay of each
        return Shown(combination, split, frozen, proven_sets(stage))
