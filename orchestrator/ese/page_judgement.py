"""Looks closely at a page that a kernel held back: is one bit wrong, is it another page, or is it bad?

Reference: ESE _osu/checksumu.cxx. Correcting happens in the mind only: nothing is ever written.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from orchestrator.ese.bit_location import locate
from orchestrator.ese.checksum import header_checksum
from orchestrator.ese.kernel_python import differences, is_new, word
from orchestrator.ese.page_layout import (
    BLOCK_CHECKSUMS_AT,
    BLOCKS,
    FORMAT_FLAG_BIT,
    LARGE_PAGE_SIZE,
    OLD_PAGE_NUMBER_AT,
    PAGE_NUMBER_AT,
)


class Fault(Enum):
    """What is wrong with a page."""

    BAD = "bad"
    CORRECTABLE = "correctable"
    MISPLACED = "misplaced"  # a whole page, but not this one: its checksum has another number in it
    MISNUMBERED = "misnumbered"  # checksums are right, and the page calls itself by another number


class PageJudgement(NamedTuple):
    """What is known of a page that is not good.

    Attributes:
        bits: those to be flipped, counted from the start of the page; for a correctable page only.
        blocks: of a large page that are bad, the first is 1.
        true_page: which page this is, if it is misplaced or misnumbered.
        certain: False if a misplaced page may also be one with a wrong bit in its stored checksum.
    """

    fault: Fault
    bits: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    true_page: int = 0
    certain: bool = True


_LAST_PAGE: Final = (1 << 31) - 1  # numbers of pages are signed in places; no file comes near it
_BAD: Final = PageJudgement(Fault.BAD)


def judge(page: bytes, number: int) -> PageJudgement:
    """Judge a page that is neither good nor blank."""
    if len(page) >= LARGE_PAGE_SIZE:
        return _judge_large(page, number)
    return _judge_small(page, number) if is_new(page) else _judge_old(page)


def _judge_old(page: bytes) -> PageJudgement:
    if word(page, 0) != header_checksum(page):
        return _BAD
    return PageJudgement(Fault.MISNUMBERED, true_page=word(page, OLD_PAGE_NUMBER_AT))


def _judge_small(page: bytes, number: int) -> PageJudgement:
    (difference,) = differences(page, number, 1)
    true_page = number ^ difference
    if 0 < true_page <= _LAST_PAGE:  # the ECC is right, and the XOR would be with this number in it
        certain = difference.bit_count() > 1
        return PageJudgement(Fault.MISPLACED, true_page=true_page, certain=certain)
    bit = locate(difference, len(page))
    return _BAD if bit in {None, FORMAT_FLAG_BIT} else PageJudgement(Fault.CORRECTABLE, (bit or 0,))


def _judge_large(page: bytes, number: int) -> PageJudgement:
    size = len(page) // BLOCKS
    left = differences(page, number, BLOCKS)
    own_number = word(page, PAGE_NUMBER_AT)
    if all(each == own_number ^ number for each in left):
        fault = Fault.MISPLACED if own_number != number else Fault.BAD  # else only the format flag is missing
        return PageJudgement(fault, true_page=own_number)
    bits: list[int] = []
    bad: list[int] = []
    for block in range(BLOCKS):
        if left[block] == 0:
            continue
        bit = locate(left[block], size, skip_first=block == 0)
        if bit is None or (block == 0 and bit == FORMAT_FLAG_BIT):
            bad.append(block + 1)
            continue
        bits.append(block * size * 8 + bit)
        if block == 0:
            _flip_stored(left, bit)
    if bad or not is_new(page):
        return PageJudgement(Fault.BAD, blocks=tuple(bad))
    own_number = _flipped_number(own_number, bits)
    if own_number != number:
        return PageJudgement(Fault.MISNUMBERED, true_page=own_number)
    return PageJudgement(Fault.CORRECTABLE, tuple(bits))


def _flip_stored(left: list[int], bit: int) -> None:
    """A wrong bit in block 1 may lie in the stored checksum of another: judge that one without it."""
    for block in range(1, BLOCKS):
        at = bit - BLOCK_CHECKSUMS_AT[block] * 8
        if 0 <= at < 64:
            left[block] ^= 1 << at


def _flipped_number(own_number: int, bits: list[int]) -> int:
    """Return the page's number once its wrong bits are right."""
    for bit in bits:
        at = bit - PAGE_NUMBER_AT * 8
        if 0 <= at < 32:
            own_number ^= 1 << at
    return own_number


def is_trailer(page: bytes) -> bool:
    """Tell whether the last page of a database is a patch header, which streaming backups left there.

    It is laid out like a header: number, dbtime and object of a page are 0 (ESE _esefile/checksum.cxx).
    """
    zeros = all(word(page, at) == 0 for at in (4, 8, 12, 24))
    return zeros and word(page, 0) == header_checksum(page)
