"""What the check of a log's body gives, whichever of the two formats it has."""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestrator.ese.reports import BodyState, LogPosition
from orchestrator.model.verification import ContentFinding

JET_LOG_FILE_CORRUPT: Final = -501


class LogBody(NamedTuple):
    """What stands behind the header of a log.

    Attributes:
        good: segments (log version 8) or LRCHECKSUM records (version 7).
        chain: XOR of the checksums of all good segments; None in version 7, and if the log is damaged.
        end: where its records end.
    """

    state: BodyState
    good: int
    chain: int | None
    end: LogPosition
    findings: tuple[ContentFinding, ...] = ()
