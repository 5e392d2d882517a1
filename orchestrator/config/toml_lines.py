"""Finds the line on which a key of a TOML text is set, for messages only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_PART: Final = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED: Final = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE: Final = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_SETTING: Final = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def line_of(text: str, path: Sequence[str]) -> int | None:
    """Return the line that sets the longest beginning of a key path, counted from 1; None when none does."""
    table: tuple[str, ...] = ()
    best, best_line = 0, None
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _TABLE.match(line):
            table = here = _parts(header[1])
        elif setting := _SETTING.match(line):
            here = (*table, *_parts(setting[1]))
        else:
            continue
        # An inline table sets `budgets.commit_s` on the line of `budgets`.
        depth = min(len(here), len(path))
        if depth > best and here[:depth] == tuple(path[:depth]):
            best, best_line = depth, number
    return best_line
