"""The kernel in numpy: few calls on many blocks, so that threads seldom wait for each other's interpreter.

A block is taken as a table of `ROWS` rows of words. The index of a bit has three parts: its row, its word in
the row, its place in the word. For each part there is an XOR that tells which of its bits the ECC has:

- the XOR of a row tells whether an odd number of the bits in that row is set;
- the XOR of all rows is one row long; the parities of its words tell it of the words, 64 to a word again;
- the XOR of everything is one word, and tells it of the places.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.kernel import Sifted
from orchestrator.ese.kernel_classes import BLANK, COLUMNS, NEW, OLD, Classes, Words, counted, page_words
from orchestrator.ese.page_layout import BLOCKS, LARGE_PAGE_SIZE

TURN_BYTES: Final = 4 << 20  # what is looked at in one go: bounds the memory, and still fits a cache
ROWS: Final = 4

_HEAD: Final = 9  # words at the start of a page: all that is known of its header
_SEED: Final = np.uint64(0x89ABCDEF)
_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_FORMAT_FLAG: Final = np.uint64(0x2000 << 32)  # the flags are the upper half of word 4
_WORD_BITS: Final = 64

Flags: TypeAlias = NDArray[np.bool_]


class NumpyKernel:
    """For one thread: its buffers hold not 2 MiB."""

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size
        self._blocks = BLOCKS if page_size >= LARGE_PAGE_SIZE else 1
        self._stored_at = [0, 5, 6, 7][: self._blocks]  # words: bytes 0, 40, 48, 56
        self._width = page_size // 8 // self._blocks
        self._last = np.uint16(self._width * _WORD_BITS - 1)
        self._turn = TURN_BYTES // page_size
        row = self._width // ROWS
        blocks = self._turn * self._blocks
        self._of_rows = np.empty((blocks, ROWS), np.uint64)
        self._of_words = np.empty((blocks, row), np.uint64)
        self._parities = np.empty((blocks, row), np.uint8)
        # How much a set bit of each part adds to the index.
        self._row_weights = np.array([each * row * _WORD_BITS for each in range(ROWS)], np.uint16)
        packed = row // _WORD_BITS
        self._packed_weights = np.array([each * _WORD_BITS**2 for each in range(packed)], np.uint16)
        self._word_weights = np.array([_WORD_BITS << k for k in range(6)], np.uint16)
        self._place_weights = np.array([1 << k for k in range(6)], np.uint16)

    def sift(self, buffer: Buffer, first_page: int) -> Sifted:
        """Sift whole pages."""
        pages = page_words(buffer, self._page_size)
        classes = np.zeros(len(pages), np.uint8)
        for at in range(0, len(pages), self._turn):
            part = slice(at, at + self._turn)
            self._class(pages[part], first_page + at, classes[part])
        return counted(classes, pages[:, 1], first_page)

    def _class(self, pages: Words, first_page: int, classes: Classes) -> None:
        heads = pages[:, :_HEAD].copy()
        if not heads[:, 0].all():
            blank = np.bitwise_or.reduce(pages, axis=1) == 0
            classes[blank] = BLANK
            if blank.all():
                return
        new = (heads[:, 4] & _FORMAT_FLAG) != 0
        if self._blocks == 1 and not new.any():
            good = self._good_old(heads, np.bitwise_xor.reduce(pages, axis=1) ^ heads[:, 0], first_page)
        else:
            good = self._good(pages, heads, new, first_page)  # never a blank one: no flag, and no number
        classes[good & new] = NEW
        classes[good & ~new] = OLD

    def _good(self, pages: Words, heads: Words, new: Flags, first_page: int) -> Flags:
        """Compare what the blocks come to with what the pages say."""
        numbers = _numbers(first_page, len(pages))
        count = len(pages) * self._blocks
        table = pages.reshape(count, ROWS, -1)
        of_rows, of_words = self._of_rows[:count], self._of_words[:count]
        np.bitwise_xor.reduce(table, axis=2, out=of_rows)
        np.bitwise_xor.reduce(table, axis=1, out=of_words)
        whole = np.bitwise_xor.reduce(of_rows, axis=1)
        whole[:: self._blocks] ^= heads[:, 0]  # the first word of a page counts as 0; its index is 0
        words = _folded(whole).reshape(-1, self._blocks) ^ numbers[:, None]
        ecc = self._ecc(of_rows, of_words, whole).reshape(-1, self._blocks)
        good: Flags = ((words | ecc << _HALF) == heads[:, self._stored_at]).all(axis=1) & new
        if self._blocks > 1:
            good &= (heads[:, 8] & _LOW) == numbers
        else:
            good |= self._good_old(heads, whole, first_page) & ~new
        return good

    def _good_old(self, heads: Words, whole: Words, first_page: int) -> Flags:
        """The same for pages with XOR alone, whose number stands in the upper half of the first word."""
        numbers = _numbers(first_page, len(heads))
        good: Flags = (_folded(whole) ^ numbers ^ _SEED | numbers << _HALF) == heads[:, 0]
        return good

    def _ecc(self, of_rows: Words, of_words: Words, whole: Words) -> Words:
        """Return the ECC of each block."""
        parities = self._parities[: len(of_words)]
        np.bitwise_count(of_words, out=parities)
        parities &= 1
        packed = np.packbits(parities, axis=1, bitorder="little").view("<u8")
        low = (
            _indices(of_rows, self._row_weights)
            | _indices(packed, self._packed_weights)
            | _indices(np.bitwise_xor.reduce(packed, axis=1)[:, None] & COLUMNS, self._word_weights)
            | _indices(whole[:, None] & COLUMNS, self._place_weights)
        )
        odd = np.bitwise_count(whole) & 1
        return low | (low ^ odd * self._last).astype(np.uint64) << np.uint64(16)


def _numbers(first_page: int, count: int) -> Words:
    numbers: Words = np.arange(first_page, first_page + count, dtype=np.uint64) & _LOW
    return numbers


def _folded(words: Words) -> Words:
    """Return the XOR of both halves of each word."""
    halves: Words = (words & _LOW) ^ (words >> _HALF)
    return halves


def _indices(words: Words, weights: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return the XOR of the weights of those words of each row that have odd parity."""
    odd = np.bitwise_count(words) & 1
    indices: NDArray[np.uint16] = np.bitwise_xor.reduce(odd * weights, axis=1)
    return indices
