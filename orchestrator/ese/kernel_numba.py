"""The kernel compiled by numba: pages are read once, at about the speed of memory, without Python's lock.

As in `checksum`, a block is folded upon itself, and what is folded away tells one bit of the ECC. Folding
begins with pieces of eight short rows, so that memory is read from front to back, as processors expect.

The functions are plain Python; `compiled` hands them to numba when they are first wanted: a second or two.
Numba's cache of compiled code is not used: it would lie beside this file. All numbers are unsigned: an index
that might be negative would be guarded, and the loops could not be made into vectors any more.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np

from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.kernel import Sifted
from orchestrator.ese.kernel_classes import BLANK, COLUMNS, NEW, OLD, Classes, Words, counted, page_words
from orchestrator.ese.page_layout import BLOCKS, LARGE_PAGE_SIZE

U: TypeAlias = np.uint64
_SumUp: TypeAlias = Callable[[Words, U, U, bool, Words, Words], U]

_ROW: Final = U(8)  # words: what memory gives at once; longer rows took three times as long
_PIECE: Final = U(64)  # words: eight rows
_FOLDED: Final = 128  # words: a row for each piece of the largest block (8 KiB)
_AWAY: Final = 17  # bits of the index of a bit in the largest block, and one for all words
_SEED: Final = U(0x89ABCDEF)
_LOW: Final = U(0xFFFFFFFF)
_FORMAT_FLAG: Final = U(0x2000 << 32)  # the flags are the upper half of word 4


class NumbaKernel:
    """For one thread.

    Raises:
        ImportError: numba is not there.
    """

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._blocks = BLOCKS if page_size >= LARGE_PAGE_SIZE else 1
        self._folded, self._away = np.zeros(_FOLDED, U), np.zeros(_AWAY, U)
        self._class = compiled()

    def sift(self, buffer: Buffer, first_page: int) -> Sifted:
        """Sift whole pages."""
        pages = page_words(buffer, self._page_size)
        classes, dbtimes = np.zeros(len(pages), np.uint8), np.zeros(len(pages), U)
        self._class(
            pages.reshape(-1), U(self._blocks), U(first_page), self._folded, self._away, classes, dbtimes
        )
        return counted(classes, dbtimes, first_page)


@lru_cache(maxsize=1)
def compiled() -> Callable[[Words, U, U, Words, Words, Classes, Words], None]:
    """Return `class_pages` for this processor; compiled at its first call, once a process."""
    numba: Any = importlib.import_module("numba")
    compiler = numba.njit(nogil=True)
    sum_up, classing = compiler(sum_up_block), compiler(class_pages)
    return lambda *arguments: classing(sum_up, *arguments)


def class_pages(
    sum_up: _SumUp,
    words: Words,
    blocks: U,
    first_page: U,
    folded: Words,
    away: Words,
    classes: Classes,
    dbtimes: Words,
) -> None:
    """Class pages that lie next to each other in `words`; all of `classes` is SUSPECT before."""
    page_width = U(len(words) // max(len(classes), 1))
    width = page_width // blocks
    for page in range(U(len(classes))):
        at = page * page_width
        if words[at] == U(0):
            anything = U(0)
            for i in range(page_width):
                anything |= words[at + i]
            if anything == U(0):
                classes[page] = BLANK
                continue
        dbtimes[page] = words[at + U(1)]
        number = (first_page + page) & _LOW
        total = sum_up(words, at, width, True, folded, away)
        if words[at + U(4)] & _FORMAT_FLAG == U(0):
            old = (total & _LOW) ^ number ^ _SEED | number << U(32)
            if blocks == U(1) and words[at] == old:
                classes[page] = OLD
            continue
        wrong = words[at] ^ total ^ number
        for block in range(U(1), blocks):
            stored = words[at + U(4) + block]  # bytes 40, 48, 56
            wrong |= stored ^ number ^ sum_up(words, at + block * width, width, False, folded, away)
        if blocks > U(1):
            wrong |= (words[at + U(8)] & _LOW) ^ number
        if wrong == U(0):
            classes[page] = NEW


def sum_up_block(words: Words, at: U, width: U, skip_first: bool, folded: Words, away: Words) -> U:
    """Return the checksum of a block, for the number 0.

    Args:
        words: of many pages.
        at: where the block begins.
        width: how many words it has.
        skip_first: the first word counts as 0.
        folded: where to fold.
        away: gets, for each bit k of an index, the XOR of the words (or bits of words) that have it set.
    """
    one, two, four = U(0), U(0), U(0)
    for piece in range(width // _PIECE):
        start, to = at + piece * _PIECE, piece * _ROW
        for i in range(_ROW):
            p = start + i
            row_1, row_3 = words[p + _ROW], words[p + U(3) * _ROW]
            row_5, row_7 = words[p + U(5) * _ROW], words[p + U(7) * _ROW]
            rows_23, rows_67 = words[p + U(2) * _ROW] ^ row_3, words[p + U(6) * _ROW] ^ row_7
            rows_4567 = words[p + U(4) * _ROW] ^ row_5 ^ rows_67
            one ^= row_1 ^ row_3 ^ row_5 ^ row_7
            two ^= rows_23 ^ rows_67
            four ^= rows_4567
            folded[to + i] = words[p] ^ row_1 ^ rows_23 ^ rows_4567
    away[9], away[10], away[11] = one, two, four
    for level in range(6, -1, -1):  # now the pieces, which are the upper bits, and then the words of a row
        half, bit = U(1 << level), level + (6 if level < 3 else 9)
        upper = U(0)
        if half <= width // U(16):
            for i in range(half):
                upper ^= folded[half + i]
                folded[i] ^= folded[half + i]
        away[bit] = upper
    last = folded[0] ^ words[at] if skip_first else folded[0]
    for bit in range(6):
        away[bit] = last & COLUMNS[bit]
    away[16] = last
    for shift in (32, 16, 8, 4, 2, 1):  # then the lowest bit of each is 1 if an odd number of its bits is set
        for bit in range(U(17)):
            away[bit] ^= away[bit] >> U(shift)
    low = U(0)
    for bit in range(U(16)):
        low |= (away[bit] & U(1)) << bit
    high = low ^ (width * U(64) - U(1)) * (away[16] & U(1))
    checksum: U = (last ^ last >> U(32)) & _LOW | (low | high << U(16)) << U(32)
    return checksum
