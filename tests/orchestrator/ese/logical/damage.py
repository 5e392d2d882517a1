"""What the planted damages have in common: the forged database's own records, and ways to change them."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack
from typing import Final

from tests.orchestrator.ese.logical.forge import (
    LEAF,
    ROOT,
    SPACE,
    Forge,
    entry,
)

Expected = set[tuple[str, int | None]]
Damage = Callable[[Forge], object]

MSYS: Final = (entry(2, 1, 2, 4, "MSysObjects"), entry(3, 1, 3, 24, "MSysObjectsShadow"))
TABLE: Final = entry(10, 1, 10, 30, "T")
INDEX_I: Final = entry(10, 3, 11, 45, "I")
LONG_VALUES: Final = entry(10, 4, 12, 47, "LV")

VALUE_1: Final = (pack(">I", 1), pack("<II", 2, 250))
PART_1: Final = (pack(">II", 1, 0), bytes(100))
PART_2: Final = (pack(">II", 1, 100), bytes(100))
PART_3: Final = (pack(">II", 1, 200), bytes(50))
VALUE_2: Final = (pack(">I", 2), pack("<II", 2, 7))
PART_OF_2: Final = (pack(">II", 2, 0), b"content")


def stock_of_t(*runs: tuple[bytes, bytes]) -> Damage:
    return lambda db: db.put(38, 10, ROOT | LEAF | SPACE, list(runs), external=bytes(16))


def owned_by_t(*runs: tuple[bytes, bytes]) -> Damage:
    return lambda db: db.put(37, 10, ROOT | LEAF | SPACE, list(runs), external=bytes(16))


def values(*lines: tuple[bytes, bytes]) -> Damage:
    return lambda db: db.long_values(*lines)


def leaf(*lines: tuple[bytes, bytes]) -> Damage:
    return lambda db: db.put(33, 10, LEAF, list(lines), chain=(0, 34))
