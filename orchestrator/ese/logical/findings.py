"""Collects what a walk finds. Between pages of a dirty database a contradiction is a warning at most."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.page_layout import page_offset
from orchestrator.model.verification import ContentFinding, Place, Severity

FINDINGS_KEPT: Final = 500  # of each severity; one broken page can upset many rules
CORRUPTED: Final = -1206  # JET_errDatabaseCorrupted: the engine's number for most of what its own check finds


class Findings:
    """What was found in one database file.

    Args:
        dirty: its pages may come from different moments: writes that are still in the logs can have reached
            one of two pages that belong together.
    """

    def __init__(self, file: str, page_size: int, *, dirty: bool) -> None:
        self._file = file
        self._page_size = page_size
        self._dirty = dirty
        self._found: list[ContentFinding] = []
        self._kept = dict.fromkeys(Severity, 0)
        self._left_out = 0

    def inside(self, code: str, page: int, text: str, *, ese_error: int | None = CORRUPTED) -> None:
        """A page breaks a rule by itself: an error in every database."""
        self._keep(code, Severity.ERROR, page, text, ese_error)

    def between(self, code: str, page: int | None, text: str, *, ese_error: int | None = CORRUPTED) -> None:
        """Two pages contradict each other: an error, unless the logs have yet to be replayed."""
        self._keep(code, Severity.WARNING if self._dirty else Severity.ERROR, page, text, ese_error)

    def warn(self, code: str, page: int | None, text: str) -> None:
        """Something is odd and does not stand against the contents."""
        self._keep(code, Severity.WARNING, page, text, None)

    def not_checked(self, text: str) -> None:
        """Something was not looked at, and why."""
        self._keep("ese.logical-not-checked", Severity.INFO, None, text, None)

    def result(self) -> tuple[ContentFinding, ...]:
        """Return all findings, errors first."""
        order = list(reversed(Severity))
        found = sorted(self._found, key=lambda finding: order.index(finding.severity))
        if self._left_out:
            text = f"{self._left_out:,} more findings of the walk are left out."
            place = Place(self._file)
            found.append(ContentFinding("ese.logical-left-out", Severity.INFO, place, text))
        return tuple(found)

    def _keep(
        self, code: str, severity: Severity, page: int | None, text: str, ese_error: int | None
    ) -> None:
        self._kept[severity] += 1
        if self._kept[severity] > FINDINGS_KEPT:  # each kind by itself: warnings never push out an error
            self._left_out += 1
            return
        if page is None:
            place = Place(self._file)
        else:
            place = Place(self._file, "page", page, page_offset(page, self._page_size))
        self._found.append(ContentFinding(code, severity, place, text, ese_error))
