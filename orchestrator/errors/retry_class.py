"""Whether, and how, to try again after a status code of VSS."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class RetryClass(StrEnum):
    """What a status code allows. Every further attempt is a whole new set: nothing of the old one is used."""

    NEVER = "never"
    SECONDS = "seconds"
    LATER = "later"
    SOON = "soon"
    IMPORT_ONLY = "import-only"
    NOT_AN_ERROR = "not-an-error"

    @property
    def meaning(self) -> str:
        """What it asks for, in words."""
        return _MEANING[self]


# Ten minutes and three times: Microsoft's page on IVssBackupComponents::DoSnapshotSet.
_MEANING: Final = {
    RetryClass.NEVER: "not before what it names is mended",
    RetryClass.SECONDS: "ask again every few seconds",
    RetryClass.LATER: "a new set after 10 minutes, three times at most",
    RetryClass.SOON: "a new set soon, once",
    RetryClass.IMPORT_ONLY: "the import alone; the set itself is good",
    RetryClass.NOT_AN_ERROR: "no failure of a run",
}
