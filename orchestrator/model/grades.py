"""How good a set is (R5), and how its run ended."""

from __future__ import annotations

from enum import StrEnum


class Grade(StrEnum):
    """What a set may be called. Only the first is application-consistent; nothing exists below the last."""

    WRITER_VERIFIED = "writer-verified"
    AGENT_QUIESCED = "agent-quiesced"
    FILE_SYSTEM_CONSISTENT = "file-system-consistent"

    def reaches(self, wanted: Grade) -> bool:
        """Tell whether this grade is at least the wanted one."""
        order = list(Grade)
        return order.index(self) <= order.index(wanted)


class RunStatus(StrEnum):
    """How a run ended, as the user reads it."""

    COMPLETED = "completed"
    REFUSED = "refused"
    ABORTED = "aborted"
    FAILED_VERIFICATION = "failed-verification"
    IN_DOUBT = "in-doubt"
