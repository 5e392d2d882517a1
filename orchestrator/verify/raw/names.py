"""Names of NTFS match whatever their case."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """Return what two names have in common that differ in case only.

    NTFS folds one UTF-16 unit at a time, by a table that the volume brings along. Pairs of letters that lead
    back to each other are the same in all of them.
    """
    if name.isascii():
        return name.upper()
    return "".join(upper if len(upper := one.upper()) == 1 and upper.lower() == one else one for one in name)
