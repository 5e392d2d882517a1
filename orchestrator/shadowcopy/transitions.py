"""All there is to know about transitions. An event without a row is illegal and changes nothing."""

from __future__ import annotations

from typing import Final

from orchestrator.model.budgets import Budgets
from orchestrator.shadowcopy.events import Event as E
from orchestrator.shadowcopy.states import State as S

TRANSITIONS: Final[dict[S, dict[E, S]]] = {
    S.IDLE: {E.ALL_ARMED: S.ARMED, E.FAILED: S.ABORTED},
    S.ARMED: {E.FREEZE_ASKED: S.FREEZING, E.FAILED: S.ABORTED, E.DEADLINE_PASSED: S.ABORTED},
    S.FREEZING: {E.WRITERS_FROZEN: S.FROZEN, E.FAILED: S.ABORTING, E.DEADLINE_PASSED: S.ABORTING},
    S.FROZEN: {E.ALL_CUT: S.COMMITTED, E.FAILED: S.ABORTING, E.DEADLINE_PASSED: S.ABORTING},
    S.COMMITTED: {E.RELEASE_SENT: S.RELEASING, E.FAILED: S.ABORTING, E.DEADLINE_PASSED: S.ABORTING},
    S.RELEASING: {E.THAWED: S.CREATED, E.FAILED: S.ABORTING, E.DEADLINE_PASSED: S.ABORTING},
    # A late success changes nothing any more, and no deadline ends the duty to thaw.
    S.ABORTING: {
        E.THAWED: S.ABORTED,
        E.WRITERS_FROZEN: S.ABORTING,
        E.ALL_CUT: S.ABORTING,
        E.RELEASE_SENT: S.ABORTING,
        E.FAILED: S.ABORTING,
    },
    S.CREATED: {},
    S.ABORTED: {},
}


def stay_s(state: S, budgets: Budgets) -> float | None:
    """Return how long a set may stay in a state, in seconds; None for no limit of its own."""
    match state:
        case S.ARMED:
            return budgets.prepare_s
        case S.FREEZING:
            return budgets.freeze_s
        case S.FROZEN:
            return budgets.commit_s
        case S.COMMITTED:
            return budgets.hold_s - budgets.commit_s
        case S.RELEASING:
            return budgets.freeze_s
        case S.IDLE | S.ABORTING | S.CREATED | S.ABORTED:
            return None
