"""Hands single pages to the walk through a database's trees, without reading each one by itself."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from orchestrator.ese.logical import walk
from orchestrator.ese.page_layout import HEADER_PAGES, page_offset
from orchestrator.ese.page_marks import Mark
from orchestrator.ese.reports import DatabaseHeader
from orchestrator.model.verification import ContentFinding
from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.source_parts import read_part

# Neighbours in a tree are mostly neighbours in the file; 16 MiB hold the upper levels of many trees.
BLOCK_BYTES: Final = 256 << 10
BLOCKS: Final = 64


def walk_trees(
    source: BytesSource, header: DatabaseHeader, control: Control, damaged: Sequence[Mark] = ()
) -> tuple[ContentFinding, ...]:
    """Walk the trees of a database, and return what is wrong with them.

    Args:
        source: the database.
        header: its header.
        control: asked before each request, told after each page.
        damaged: marks of pages that are not to be believed, in the order of the pages.

    Raises:
        VerificationStopped: the control said so.
        VerificationError: `verify.cannot-read`.
    """
    pages = PageCache(source, header.page_size, control, damaged)
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        at = min(done * header.page_size, source.size_bytes)
        control.advance(f"{source.name} (trees)", at, source.size_bytes)

    return walk(pages.read, header, source.name, pages.page_count, advance)


class PageCache:
    """Reads pages in blocks, and keeps those that were used last."""

    def __init__(
        self, source: BytesSource, page_size: int, control: Control, damaged: Sequence[Mark] = ()
    ) -> None:
        self._damaged = damaged
        self._source, self._page_size, self._control = source, page_size, control
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self.page_count = max(0, source.size_bytes // page_size - HEADER_PAGES)

    def read(self, page_number: int) -> bytes | None:
        """Return a page; None if the file has none of that number, or a damaged one."""
        if not 1 <= page_number <= self.page_count or self._is_damaged(page_number):
            return None
        block, at = divmod(page_offset(page_number, self._page_size), BLOCK_BYTES)
        page = self._block(block)[at : at + self._page_size]
        return page if len(page) == self._page_size else None

    def _is_damaged(self, page_number: int) -> bool:
        at = bisect_right(self._damaged, page_number, key=lambda mark: mark[0])
        return at > 0 and page_number <= self._damaged[at - 1][1]

    def _block(self, number: int) -> bytes:
        data = self._blocks.pop(number, None)
        if data is None:
            data = read_part(self._source, self._control, number * BLOCK_BYTES, BLOCK_BYTES)
            while len(self._blocks) >= BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks[number] = data
        return data
