"""Writes checksums into headers, pages and log segments: for tests, and for the lab's own databases.

The verifier never writes; nothing that checks imports this.
"""

from __future__ import annotations

from orchestrator.ese.checksum import block_checksum, header_checksum
from orchestrator.ese.page_layout import (
    BLOCK_CHECKSUMS_AT,
    BLOCKS,
    FLAGS_AT,
    LARGE_PAGE_SIZE,
    NEW_CHECKSUM_FORMAT,
    PAGE_NUMBER_AT,
)


def seal_header(block: bytearray) -> None:
    """Write the checksum of a header; the block is as long as the header's page."""
    block[:4] = header_checksum(block).to_bytes(4, "little")


def seal_page(page: bytearray, page_number: int, *, ecc: bool = True) -> None:
    """Write number, format flag and checksums of a database page of any size.

    Args:
        page: all of it, to be changed.
        page_number: physical number; the first page after the two headers is 1.
        ecc: the newer format. A page of 16 or 32 KiB has no other.
    """
    large = len(page) >= LARGE_PAGE_SIZE
    flags = int.from_bytes(page[FLAGS_AT : FLAGS_AT + 4], "little") & ~NEW_CHECKSUM_FORMAT
    if ecc or large:
        flags |= NEW_CHECKSUM_FORMAT
    page[FLAGS_AT : FLAGS_AT + 4] = flags.to_bytes(4, "little")
    if large:
        _seal_blocks(page, page_number)
    elif ecc:
        page[:8] = block_checksum(page, page_number).to_bytes(8, "little")
    else:
        page[4:8] = page_number.to_bytes(4, "little")
        seal_header(page)


def seal_segment(segment: bytearray, index: int) -> None:
    """Write the checksum of a log segment (log version 8). Its position, time and flags are the caller's."""
    segment[:8] = block_checksum(segment, index).to_bytes(8, "little")


def _seal_blocks(page: bytearray, page_number: int) -> None:
    page[PAGE_NUMBER_AT : PAGE_NUMBER_AT + 4] = page_number.to_bytes(4, "little")
    size = len(page) // BLOCKS
    for block, at in reversed(tuple(enumerate(BLOCK_CHECKSUMS_AT))):  # the first covers those of the others
        part = page[block * size : (block + 1) * size]
        page[at : at + 8] = block_checksum(part, page_number, skip_first=block == 0).to_bytes(8, "little")
