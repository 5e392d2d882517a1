"""Which pages are damaged, as runs: for a map of the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

Mark: TypeAlias = tuple[int, int, str]

BAD: Final = "bad"
CORRECTABLE: Final = "correctable"

# No map shows more; beyond that the last mark reaches to the last damaged page, so that none is left out.
MARKS_KEPT: Final = 10_000


def joined_marks(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Join neighbours of the same kind. The marks are in the order of the pages."""
    runs: list[Mark] = []
    for first, last, kind in marks:
        if runs and runs[-1][2] == kind and runs[-1][1] + 1 == first:
            runs[-1] = (runs[-1][0], last, kind)
        elif len(runs) < MARKS_KEPT:
            runs.append((first, last, kind))
        else:
            worse = BAD if BAD in {kind, runs[-1][2]} else kind
            runs[-1] = (runs[-1][0], last, worse)
    return tuple(runs)
