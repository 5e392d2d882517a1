"""The states of one shadow copy set, and which of them hold writers."""

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


# A freeze whose outcome is unknown counts as frozen (R2), so FREEZING is among them; so is ABORTING,
# which is only left by a thaw.
HOLDING: Final = frozenset({State.FREEZING, State.FROZEN, State.COMMITTED, State.RELEASING, State.ABORTING})
