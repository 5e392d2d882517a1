"""The kernel in plain Python: the one to read, and the one the others are compared with."""

from __future__ import annotations

from orchestrator.ese.checksum import block_checksum, header_checksum
from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.kernel import Sifted
from orchestrator.ese.page_layout import (
    BLOCK_CHECKSUMS_AT,
    BLOCKS,
    DBTIME_AT,
    FLAGS_AT,
    LARGE_PAGE_SIZE,
    NEW_CHECKSUM_FORMAT,
    OLD_PAGE_NUMBER_AT,
    PAGE_NUMBER_AT,
)


class PythonKernel:
    """One page after the other."""

    def __init__(self, page_size: int) -> None:
        self._page_size = page_size

    def sift(self, buffer: Buffer, first_page: int) -> Sifted:
        """Sift whole pages."""
        new = old = blank = highest = highest_page = 0
        suspects = []
        view = memoryview(buffer)
        for index in range(len(view) // self._page_size):
            page = bytes(view[index * self._page_size : (index + 1) * self._page_size])
            if not any(page):
                blank += 1
                continue
            number = first_page + index & 0xFFFFFFFF  # no page has room for more of it
            if is_new(page):
                good = new_is_good(page, number)
                new += good
            else:
                good = old_is_good(page, number)
                old += good
            if not good:
                suspects.append(index)
                continue
            # Signed, as in the engine: what is below 0 marks pages that were shrunk away or reverted.
            dbtime = int.from_bytes(page[DBTIME_AT : DBTIME_AT + 8], "little", signed=True)
            if dbtime > highest:
                highest, highest_page = dbtime, first_page + index
        return Sifted(new, old, blank, suspects, highest, highest_page)


def is_new(page: bytes) -> bool:
    """Tell whether a page says that it has an ECC."""
    return bool(word(page, FLAGS_AT) & NEW_CHECKSUM_FORMAT)


def old_is_good(page: bytes, number: int) -> bool:
    """Check a page in the old format, which knows no large pages."""
    return (
        len(page) < LARGE_PAGE_SIZE
        and word(page, OLD_PAGE_NUMBER_AT) == number
        and word(page, 0) == header_checksum(page)
    )


def new_is_good(page: bytes, number: int) -> bool:
    """Check a page in the newer format: one block, or four and its number."""
    if len(page) < LARGE_PAGE_SIZE:
        return differences(page, number, 1) == [0]
    return word(page, PAGE_NUMBER_AT) == number and not any(differences(page, number, BLOCKS))


def differences(page: bytes, number: int, blocks: int) -> list[int]:
    """Return stored XOR computed checksum of each block: 64 bits, 0 if it is good."""
    size = len(page) // blocks
    return [
        int.from_bytes(page[at : at + 8], "little")
        ^ block_checksum(page[block * size : (block + 1) * size], number, skip_first=block == 0)
        for block, at in enumerate(BLOCK_CHECKSUMS_AT[:blocks])
    ]


def word(page: bytes, at: int) -> int:
    """Return 32 bits."""
    return int.from_bytes(page[at : at + 4], "little")
