"""What can happen to a set: facts, never orders."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """One fact."""

    ALL_ARMED = "all-armed"
    FREEZE_ASKED = "freeze-asked"
    WRITERS_FROZEN = "writers-frozen"
    ALL_CUT = "all-cut"
    RELEASE_SENT = "release-sent"
    THAWED = "thawed"
    FAILED = "failed"
    DEADLINE_PASSED = "deadline-passed"
