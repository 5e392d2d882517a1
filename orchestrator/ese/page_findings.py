"""What can be wrong with a page, in words; and how many of such findings are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.ese.page_judgement import Fault, PageJudgement
from orchestrator.ese.page_layout import BLOCKS, LARGE_PAGE_SIZE, page_offset
from orchestrator.model.verification import ContentFinding, Place, Severity

FINDINGS_KEPT: Final = 100

JET_READ_VERIFY_FAILURE: Final = -1018
JET_READ_PAGE_NUMBER_VERIFY_FAILURE: Final = -1118

# More zeros than this at the start of a page that is not blank are worth a word: something cleared them.
_MANY_ZEROS: Final = 64


def page_finding(file: str, page: bytes, number: int, judgement: PageJudgement) -> ContentFinding:
    """Put a judgement into words."""
    offset = page_offset(number, len(page))
    place = Place(file, "page", number, offset)
    match judgement.fault:
        case Fault.CORRECTABLE:
            byte = offset + judgement.bits[0] // 8
            place = Place(file, "page", number, byte)
            return ContentFinding("ese.page-correctable", Severity.WARNING, place, _bits_text(judgement.bits))
        case Fault.MISPLACED:
            text, error = _misplaced_text(number, judgement), JET_READ_VERIFY_FAILURE
            return ContentFinding("ese.page-misplaced", Severity.ERROR, place, text, error)
        case Fault.MISNUMBERED:
            text = f"It calls itself page {judgement.true_page}, and lies where page {number} belongs."
            error = JET_READ_PAGE_NUMBER_VERIFY_FAILURE
            return ContentFinding("ese.page-misplaced", Severity.ERROR, place, text, error)
        case Fault.BAD:
            text = _bad_text(page, judgement)
            return ContentFinding("ese.page-bad", Severity.ERROR, place, text, JET_READ_VERIFY_FAILURE)


def kept(findings: Sequence[ContentFinding]) -> tuple[ContentFinding, ...]:
    """Return those that are kept, in the order of the pages: errors before warnings."""
    if len(findings) <= FINDINGS_KEPT:
        return tuple(findings)
    heavy_first = sorted(range(len(findings)), key=lambda at: findings[at].severity is not Severity.ERROR)
    return tuple(findings[at] for at in sorted(heavy_first[:FINDINGS_KEPT]))


def _bits_text(bits: tuple[int, ...]) -> str:
    if len(bits) == 1:
        return f"Bit {bits[0]} of the page is wrong, and nothing else."
    return f"Bits {_list(bits)} of the page are wrong, each in a block of its own, and nothing else."


def _misplaced_text(number: int, judgement: PageJudgement) -> str:
    text = f"By its checksum this is page {judgement.true_page}, and it lies where page {number} belongs"
    return f"{text}." if judgement.certain else f"{text}; or one bit of the stored checksum is wrong."


def _bad_text(page: bytes, judgement: PageJudgement) -> str:
    blocks = judgement.blocks
    if len(blocks) == 1:
        text = f"The checksum of block {blocks[0]} of {BLOCKS} is wrong, and no single bit explains it."
    elif blocks:
        text = (
            f"The checksums of blocks {_list(blocks)} of {BLOCKS} are wrong, and no single bits explain it."
        )
    elif len(page) >= LARGE_PAGE_SIZE:
        text = "The page does not say that it has the checksums that pages of its size must have."
    else:
        text = "The checksum is wrong, and no single bit explains it."
    zeros = len(page) - len(page.lstrip(b"\0"))
    return text if zeros < _MANY_ZEROS else f"{text[:-1]}; its first {zeros} bytes are zero."


def _list(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" and {numbers[-1]}"
