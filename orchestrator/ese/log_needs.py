"""Which logs a dirty database needs, and what is left of it without one of them."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.ese.reports import DatabaseHeader, DatabaseState
from orchestrator.model.verification import Verdict


class Stretch(StrEnum):
    """Where in the stream a log lies, as seen from one database."""

    OLDER = "older"
    REQUIRED = "required"
    COMMITTED = "committed"
    LATER = "later"

    @property
    def without(self) -> Verdict:
        """What is left of the database if a log of this stretch cannot be used."""
        match self:
            case Stretch.OLDER:
                return Verdict.RECOVERABLE
            case Stretch.REQUIRED:
                return Verdict.UNRECOVERABLE
            case Stretch.COMMITTED | Stretch.LATER:
                return Verdict.RECOVERABLE_WITH_LOSS


class LogNeeds:
    """The stretches of one database.

    After an incremental reseed or a page patch (DirtyAndPatchedShutdown) pages may be as young as the last
    committed log: then nothing up to that one may be missing.

    Attributes:
        first: that recovery reads (lGenMinRequired).
        last: that it cannot do without (lGenMaxRequired).
        committed: the last one that held acknowledged transactions (lGenMaxCommitted).
    """

    def __init__(self, header: DatabaseHeader) -> None:
        self.first, self.last = header.required
        self.committed = header.committed
        if header.state == DatabaseState.DIRTY_AND_PATCHED_SHUTDOWN:
            self.last = self.committed

    def stretch_of(self, generation: int) -> Stretch:
        """Return where a log lies. What is behind the last committed one is replayed if it is there."""
        if generation < self.first:
            return Stretch.OLDER
        if generation <= self.last:
            return Stretch.REQUIRED
        return Stretch.COMMITTED if generation <= self.committed else Stretch.LATER
