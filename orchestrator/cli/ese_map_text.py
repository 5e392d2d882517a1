"""The map of a damaged database as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.cli.ese_map import COLUMNS, Marks, cells_of, rows_of

SIGN_OF_KIND: Final = {"good": ".", "correctable": "c", "bad": "X"}
LEGEND: Final = {"good": "good or blank", "correctable": "one bit wrong", "bad": "bad"}
RANGES_SHOWN: Final = 10


def map_text(page_count: int, marks: Marks) -> list[str]:
    """Return the map as lines: rows of cells with the pages they stand for, legend, and the ranges."""
    cells = cells_of(page_count, marks)
    width = len(f"{page_count:,}")
    lines = [
        f"{row[0].first_page:>{width},} - {row[-1].last_page:>{width},} "
        f"|{''.join(SIGN_OF_KIND[cell.kind] for cell in row):<{COLUMNS}}|"
        for row in rows_of(cells)
    ]
    pages = -(-page_count // len(cells)) if cells else 0
    cell = "a page" if pages == 1 else f"up to {pages:,} pages"
    legend = ", ".join(f"{SIGN_OF_KIND[kind]} {words}" for kind, words in LEGEND.items())
    return [*lines, f"{legend}; each sign is {cell}, and shows the worst of them", *_ranges(marks)]


def _ranges(marks: Marks) -> Iterator[str]:
    for first, last, kind in marks[:RANGES_SHOWN]:
        pages = f"page {first:,}" if first == last else f"pages {first:,} to {last:,} ({last - first + 1:,})"
        yield f"{kind}: {pages}"
    if len(marks) > RANGES_SHOWN:
        yield f"... and {len(marks) - RANGES_SHOWN:,} more ranges"
