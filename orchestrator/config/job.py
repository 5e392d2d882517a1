"""A clone job as its author meant it, before any judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.budgets import Budgets
from orchestrator.model.grades import Grade
from orchestrator.model.sessions import ENDING_S, HOLD_LIMIT_S, MOST_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Job:
    """What one job file asks for. Wishes that policy will refuse are kept as they are.

    Attributes:
        name: of the job; its runs form one chain of evidence.
        host: as registered.
        databases: captions of the components to clone.
        backup_type: VSS backup type in words.
        consistency: a grade, or a lesser wish in the author's own word.
        freeze: false asks for a copy without a writer freeze.
        context: VSS snapshot context.
        clone: whether array volumes are made from the replicas.
        lun_array: LUN id to array name, for LUNs that more than one array claims.
        budgets: the defaults with the job's own figures put in.
        verify: whether the contents of the clones are looked at.
        truncate: whether the writers may truncate their logs once that has passed (R6).
        hold_limit_s: how long the writers may be held for that.
        servers: further hosts with copies of the same databases.
        copies: which of these copies is taken; a word of `CopyPreference`.
        attempts: how often a set is begun anew when a writer had a passing trouble.
    """

    name: str
    host: str
    databases: tuple[str, ...]
    backup_type: str
    consistency: str
    freeze: bool
    context: int
    clone: bool
    lun_array: Mapping[str, str]
    budgets: Budgets
    verify: bool = False
    truncate: bool = False
    hold_limit_s: float = HOLD_LIMIT_S
    attempts: int = MOST_ATTEMPTS
    servers: tuple[str, ...] = ()
    copies: str = "active"

    @property
    def session_s(self) -> float:
        """How long after the thaw the host keeps the writers' session at most."""
        return ENDING_S + (self.hold_limit_s if self.truncate else 0.0)

    @property
    def grade(self) -> Grade | None:
        """The grade asked for; None when the job asks for less than any grade (a break-off)."""
        return Grade(self.consistency) if self.freeze and self.consistency in list(Grade) else None
