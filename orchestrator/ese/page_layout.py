"""Where things stand in a database page (ESE inc/cpage.hxx)."""

from __future__ import annotations

from typing import Final

PAGE_SIZES: Final = (2048, 4096, 8192, 16384, 32768)
LARGE_PAGE_SIZE: Final = (
    16384  # from here on: four blocks, each with a checksum of its own, and the page's number
)
BLOCKS: Final = 4
HEADER_PAGES: Final = 2  # before page 1

OLD_PAGE_NUMBER_AT: Final = 4  # old format only; the newer one has its ECC there
DBTIME_AT: Final = 8
FLAGS_AT: Final = 36
BLOCK_CHECKSUMS_AT: Final = (0, 40, 48, 56)  # of the four blocks of a large page
PAGE_NUMBER_AT: Final = 64  # of a large page

NEW_CHECKSUM_FORMAT: Final = 0x2000  # in the flags of the page, each page by itself
FORMAT_FLAG_BIT: Final = 301  # the same one, counted in bits from the start of the page


def page_offset(page_number: int, page_size: int) -> int:
    """Return where a page starts in its file, in bytes."""
    return (page_number - 1 + HEADER_PAGES) * page_size
