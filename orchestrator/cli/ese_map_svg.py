"""The map of databases as a picture: one SVG file that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from orchestrator.cli.ese_map import COLUMNS, Cell, Marks, cells_of, rows_of


class MappedDatabase(NamedTuple):
    """What is drawn of one database."""

    name: str
    caption: str
    page_count: int
    marks: Marks


CELL: Final = 12
LEFT: Final = 190  # room for the page numbers of a row
MARGIN: Final = 16
WIDTH: Final = LEFT + COLUMNS * CELL + MARGIN

# Okabe and Ito, "Color Universal Design" (2008): told apart by people who see colours differently. The
# signs inside the cells say the same without any colour.
COLOURS: Final = {"good": "#DDE7EE", "correctable": "#E69F00", "bad": "#D55E00"}
WORDS: Final = {"good": "good or blank", "correctable": "one bit wrong (correctable)", "bad": "bad"}
_STYLE: Final = (
    "text{font-family:sans-serif;font-size:12px;fill:#222}"
    ".n{font-size:11px;fill:#555;text-anchor:end}"
    ".h{font-size:15px;font-weight:bold}"
    f"{''.join(f'.{kind}{{fill:{colour}}}' for kind, colour in COLOURS.items())}"
    ".s{stroke:#222;stroke-width:1.6;fill:none}"
)
_SIGNS: Final = {
    "bad": "M{0} {1}l6 6m0 -6l-6 6",  # a cross
    "correctable": "M{0} {1}m0 3h6",  # a dash
}


def map_svg(databases: Sequence[MappedDatabase]) -> str:
    """Return the picture of one or more databases, one below the other."""
    parts: list[str] = []
    top = MARGIN
    for database in databases:
        drawn, top = _database(database, top)
        parts += drawn
    parts += _legend(top)
    height = top + CELL + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}">',
            f"<style>{_STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#FFF"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _database(database: MappedDatabase, top: int) -> tuple[list[str], int]:
    """Return what is drawn of one database, and where the next may begin."""
    parts = [
        "<g>",
        f'<text class="h" x="{MARGIN}" y="{top + 14}">{_safe(database.name)}</text>',
        f'<text x="{MARGIN}" y="{top + 32}">{_safe(database.caption)}</text>',
    ]
    top += 44
    for row in rows_of(cells_of(database.page_count, database.marks)):
        pages = f"{row[0].first_page:,} - {row[-1].last_page:,}"
        parts.append(f'<text class="n" x="{LEFT - 8}" y="{top + 10}">{pages}</text>')
        for column, cell in enumerate(row):
            parts += _cell(cell, LEFT + column * CELL, top)
        top += CELL
    return [*parts, "</g>"], top + MARGIN


def _cell(cell: Cell, x: int, y: int) -> Iterator[str]:
    pages = f"pages {cell.first_page:,} to {cell.last_page:,}"
    if cell.first_page == cell.last_page:
        pages = f"page {cell.first_page:,}"
    counts = ((cell.bad, "bad"), (cell.correctable, "correctable"))
    told = ", ".join(f"{number:,} {kind}" for number, kind in counts if number) or WORDS["good"]
    size = CELL - 1
    yield (
        f'<rect class="{cell.kind}" x="{x}" y="{y}" width="{size}" height="{size}">'
        f"<title>{pages}: {told}</title></rect>"
    )
    yield from _sign(cell.kind, x, y)


def _sign(kind: str, x: int, y: int) -> Iterator[str]:
    if kind in _SIGNS:
        # Clicks and tooltips are for the rectangle below it.
        yield f'<path class="s" pointer-events="none" d="{_SIGNS[kind].format(x + 2.5, y + 2.5)}"/>'


def _legend(top: int) -> Iterator[str]:
    x = LEFT
    for kind, words in WORDS.items():
        yield f'<rect class="{kind}" x="{x}" y="{top}" width="{CELL - 1}" height="{CELL - 1}"/>'
        yield from _sign(kind, x, top)
        yield f'<text x="{x + CELL + 5}" y="{top + 10}">{words}</text>'
        x += 60 + 7 * len(words)
    yield f'<text x="{x}" y="{top + 10}">A cell shows the worst of its pages.</text>'


def _safe(text: str) -> str:
    """Return a text without what XML 1.0 cannot hold; names of files may hold anything."""
    return escape("".join(sign if sign.isprintable() else "?" for sign in text))
