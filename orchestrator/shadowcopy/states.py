"""The states of one shadow copy set, which of them hold writers, and what is to be done in each."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a set stands."""

    IDLE = "idle"
    ARMED = "armed"
    FREEZING = "freezing"
    FROZEN = "frozen"
    COMMITTED = "committed"
    RELEASING = "releasing"
    ABORTING = "aborting"
    CREATED = "created"
    ABORTED = "aborted"


class Action(StrEnum):
    """What the driver must do next."""

    ARM = "arm"
    FREEZE = "freeze"
    AWAIT_WRITERS = "await-writers"
    CUT = "cut"
    RELEASE = "release"
    AWAIT_THAW = "await-thaw"
    SETTLE = "settle"
    UNDO = "undo"


# A freeze whose outcome is unknown counts as frozen (R2), so FREEZING is among them; so is ABORTING,
# which is only left by a thaw.
HOLDING: Final = frozenset({State.FREEZING, State.FROZEN, State.COMMITTED, State.RELEASING, State.ABORTING})
