"""Pages and whole databases, made from nothing but `sealing`."""

from __future__ import annotations

from random import Random
from typing import Final

from orchestrator.ese.database_layout import LAYOUT, MAGIC, VERSION
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.sealing import seal_header, seal_page

SMALL: Final = tuple(size for size in PAGE_SIZES if size < 16384)
LARGE: Final = tuple(size for size in PAGE_SIZES if size >= 16384)


def page(size: int, number: int, *, ecc: bool = True, dbtime: int = 1000) -> bytearray:
    """Return a good page full of random bytes, always the same ones."""
    made = bytearray(Random(number).randbytes(size))  # noqa: S311 - no secret
    made[8:16] = dbtime.to_bytes(8, "little", signed=True)
    seal_page(made, number, ecc=ecc)
    return made


def header(size: int, **fields: int) -> bytearray:
    """Return a good header; fields are given by the engine's names."""
    made = bytearray(size)
    values = {
        "ulMagic": MAGIC,
        "ulVersion": VERSION,
        "ulDaeUpdateMajor": 20,
        "cbPageSize": size,
        "dbstate": 3,
    }
    for name, value in (values | {"filetype": 1} | fields).items():
        field = LAYOUT[name]
        made[field.offset : field.offset + field.kind.size] = value.to_bytes(field.kind.size, "little")
    seal_header(made)
    return made


def flip(data: bytearray, *bits: int) -> bytearray:
    """Return a copy with some bits flipped."""
    flipped = bytearray(data)
    for bit in bits:
        flipped[bit // 8] ^= 1 << bit % 8
    return flipped
