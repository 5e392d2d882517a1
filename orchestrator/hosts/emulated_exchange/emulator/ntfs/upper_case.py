"""Upper case as NTFS knows it: one UTF-16 unit at a time. It decides the order of names in a folder."""

from __future__ import annotations

from functools import cache
from typing import Final

UNITS: Final = 0x10000


@cache
def upper_case_table() -> bytes:
    """Return the contents of $UpCase.

    Only pairs that lead back to where they came from count: a sharp s and a micro sign stay as they are.
    """
    table = bytearray()
    for unit in range(UNITS):
        table += _upper(unit).to_bytes(2, "little")
    return bytes(table)


def _upper(unit: int) -> int:
    letter = chr(unit)
    upper = letter.upper()
    return ord(upper) if len(upper) == 1 and upper.lower() == letter and ord(upper) < UNITS else unit


def order_of(name: str) -> bytes:
    """Return what two names are compared by; the same for names that differ in case only."""
    if name.isascii():
        return name.upper().encode("utf-16-be")
    return "".join(chr(_upper(ord(one))) if ord(one) < UNITS else one for one in name).encode("utf-16-be")
