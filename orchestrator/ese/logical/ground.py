"""What a walk knows of the whole file: which pages were reached, which are owned, which are in stock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrator.ese.logical.extents import Extents
from orchestrator.ese.logical.findings import Findings
from orchestrator.ese.logical.page import Page, parse_page
from orchestrator.ese.logical.page_set import PageSet

PAGE_NOT_INITIALISED: Final = -1019


class Ground:
    """The pages of one database, as the trees share them out.

    Attributes:
        reached: a tree holds the page.
        available: a tree has the page in stock.
        of_tables: owned by a tree that took it from the database's root.
        of_parts: owned by an index or a long-value tree that took it from its table.
        shelved: stock beyond the end of a file that was shortened.
        incomplete: some part could not be walked: that a page was not reached proves nothing.
    """

    def __init__(
        self,
        read_page: Callable[[int], bytes | None],
        findings: Findings,
        page_size: int,
        page_count: int,
        advance: Callable[[int], None],
    ) -> None:
        self.findings = findings
        self.page_count = page_count
        self.reached = PageSet(page_count + 1)
        self.available = PageSet(page_count + 1)
        self.of_tables = PageSet(page_count + 1)
        self.of_parts = PageSet(page_count + 1)
        self.shelved = Extents()
        self.incomplete = False
        self._page_size = page_size
        self._read_page = read_page
        self._advance = advance
        self._blank = bytes(page_size)

    def page(self, number: int, whose: str) -> Page | None:
        """Return a page that a tree leads to; report it if it cannot be read or is blank.

        Args:
            number: of the page, inside the file.
            whose: the tree that leads to it, for people.
        """
        data = self._read(number)
        if data is None:
            self.incomplete = True
            text = f"Page {number} of {whose} could not be read; what is below it was not walked."
            self.findings.warn("ese.logical-page-not-read", number, text)
        elif data == self._blank:
            self.incomplete = True
            text = f"Page {number} is needed by {whose} and is blank."
            self.findings.between("ese.logical-blank-page", number, text, ese_error=PAGE_NOT_INITIALISED)
        else:
            return parse_page(data, number)
        return None

    def peek(self, number: int) -> Page | None:
        """Return a page that is only looked at; None if it is not readable or blank."""
        data = self._read(number)
        return None if data is None or data == self._blank else parse_page(data, number)

    def report(self, page: Page, whose: str) -> None:
        """Report what is wrong with a page by itself."""
        for problem in page.problems:
            text = f"Page {page.number} of {whose}: {problem.text}."
            self.findings.inside(problem.code, page.number, text, ese_error=problem.ese_error)
        if not page.readable:
            self.incomplete = True

    def _read(self, number: int) -> bytes | None:
        data = self._read_page(number)
        self._advance(1)
        return bytes(data) if data is not None and len(data) == self._page_size else None
