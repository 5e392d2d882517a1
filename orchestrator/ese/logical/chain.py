"""The chain of leaves: each names the one before and the one behind it, in the order of keys."""

from __future__ import annotations

from typing import Final

from orchestrator.ese.logical.ground import Ground
from orchestrator.ese.logical.page import Page

BAD_PAGE_LINK: Final = -327  # JET_errBadPageLink


class Chain:
    """Follows the leaves of one tree as a walk comes to them."""

    def __init__(self, ground: Ground, name: str) -> None:
        self._ground = ground
        self._name = name
        self._last: Page | None = None
        self._gap = False

    def lose(self) -> None:
        """A page could not be walked: which leaf comes before the next one is not known."""
        self._last = None
        self._gap = True

    def follow(self, page: Page) -> None:
        """Take the next leaf."""
        if not self._gap:
            self._expect(page, "before", page.previous, self._last.number if self._last else 0)
            if self._last is not None:
                self._expect(self._last, "behind", self._last.following, page.number)
        self._last, self._gap = page, False

    def end(self) -> None:
        """The walk is over: nothing comes behind the last leaf."""
        if self._last is not None:
            self._expect(self._last, "behind", self._last.following, 0)

    def _expect(self, page: Page, side: str, told: int, true: int) -> None:
        if told != true:
            right = f"page {true}" if true else "none"
            text = (
                f"Page {page.number} of {self._name} is chained to page {told} {side} it; "
                f"by the order of keys it should be {right}."
            )
            findings = self._ground.findings
            findings.between("ese.logical-sibling-link", page.number, text, ese_error=BAD_PAGE_LINK)
