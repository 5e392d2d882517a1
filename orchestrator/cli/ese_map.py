"""Where a database is damaged: its pages, in order, as a number of cells that fits a screen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

COLUMNS: Final = 64
MAX_ROWS: Final = 16

Marks = Sequence[tuple[int, int, str]]


class Cell(NamedTuple):
    """A run of pages.

    Attributes:
        bad: how many of its pages are beyond repair.
        correctable: how many have one wrong bit.
    """

    first_page: int
    last_page: int
    bad: int = 0
    correctable: int = 0

    @property
    def kind(self) -> str:
        """The worst of its pages."""
        return "bad" if self.bad else "correctable" if self.correctable else "good"


def cells_of(page_count: int, marks: Marks) -> list[Cell]:
    """Divide all pages, from 1 on, among at most `COLUMNS` x `MAX_ROWS` cells that differ by a page at most.

    Args:
        page_count: of the database, headers left out.
        marks: (first page, last page, kind) in order, as `PagesReport` has them.
    """
    count = min(page_count, COLUMNS * MAX_ROWS)
    edges = [page_count * number // count for number in range(count + 1)] if count else []
    found = [{"bad": 0, "correctable": 0} for _ in range(count)]
    for first, last, kind in marks:
        cell = bisect_right(edges, first - 1) - 1
        while cell < count and edges[cell] < last:
            found[cell][kind] += min(last, edges[cell + 1]) - max(first - 1, edges[cell])
            cell += 1
    return [
        Cell(before + 1, last, **of_kind)
        for (before, last), of_kind in zip(pairwise(edges), found, strict=True)
    ]


def rows_of(cells: Sequence[Cell]) -> list[Sequence[Cell]]:
    """Return the cells in rows."""
    return [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
