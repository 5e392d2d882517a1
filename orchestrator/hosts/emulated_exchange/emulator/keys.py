"""How the host is told which set is meant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetKey:
    """Which set, and the right to thaw, abort or take it up: whoever holds the fencing token has that."""

    set_id: str
    fence: int
