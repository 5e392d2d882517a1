"""The pages of a database file."""

from __future__ import annotations

from hashlib import shake_256
from typing import Final

from orchestrator.ese.checksum import block_checksum
from orchestrator.ese.page_layout import BLOCKS, DBTIME_AT, FLAGS_AT, LARGE_PAGE_SIZE, page_offset
from orchestrator.ese.sealing import seal_page
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import ExchangeForm
from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write

PAGES: Final = 32  # of a database, after its two headers
USED_PAGES: Final = 24  # the others are blank: the engine extends a file before it needs the room
ROTTEN_PAGE: Final = 7  # that `rot` spoils

_OBJECT_AT: Final = 24  # objidFDP
_CONTENT_AT: Final = 80
_LEAF: Final = 2
OBJECT: Final = 30
# Two words that differ: checksums are XORs, and do not see one that is changed twice in the same way.
_ROT: Final = bytes.fromhex("A55A3CC30FF06901")


class DatabasePages:
    """Keeps the pages of one database, as a cache does, and makes what is written of them.

    A change touches the first of the blocks that bear checksums, so only that one is summed up again.
    """

    def __init__(self, form: ExchangeForm, seed: bytes) -> None:
        self._form = form
        self._block = form.page_size // BLOCKS if form.page_size >= LARGE_PAGE_SIZE else form.page_size
        content = shake_256(seed).digest(form.page_size - _CONTENT_AT)
        self._pages = {number: self._fresh(number, content) for number in range(1, USED_PAGES + 1)}

    @property
    def file_bytes(self) -> int:
        """Size of the file, headers included."""
        return page_offset(PAGES + 1, self._form.page_size)

    def all(self) -> tuple[Write, ...]:
        """Return every page that is used."""
        return tuple(self._write(number) for number in self._pages)

    def changed(self, number: int, dbtime: int) -> Write:
        """Change a page."""
        page = self._pages[number]
        raw = dbtime.to_bytes(8, "little")
        page[DBTIME_AT : DBTIME_AT + 8] = raw
        page[_CONTENT_AT : _CONTENT_AT + 8] = raw
        if self._newer(number):
            page[:8] = block_checksum(page[: self._block], number).to_bytes(8, "little")
        else:
            seal_page(page, number, ecc=False)
        return self._write(number)

    def rotten(self) -> Write:
        """Return a page of which some bytes went bad after its checksum was written."""
        offset, page = self._write(ROTTEN_PAGE)
        at = len(page) // 2
        bad = bytes(byte ^ change for byte, change in zip(page[at:], _ROT, strict=False))
        return offset, page[:at] + bad + page[at + len(bad) :]

    def _fresh(self, number: int, content: bytes) -> bytearray:
        page = bytearray(_CONTENT_AT) + content
        page[_OBJECT_AT] = OBJECT
        page[FLAGS_AT] = _LEAF
        seal_page(page, number, ecc=self._newer(number))
        return page

    def _newer(self, number: int) -> bool:
        return number % self._form.ecc_every == 0

    def _write(self, number: int) -> Write:
        return page_offset(number, self._form.page_size), bytes(self._pages[number])
