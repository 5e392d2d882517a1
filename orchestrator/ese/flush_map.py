"""Checks a flush map (.jfm): which pages were written when. Windows 10, Exchange 2016 and later.

All that is found is a warning: the engine throws a map away that it does not believe, and builds it anew.
Source: ESE inc/flushmap.hxx, ese/flushmap.cxx.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from orchestrator.ese.checksum import block_checksum, header_checksum
from orchestrator.ese.header_fields import Buffer, Field, Kind
from orchestrator.ese.reports import DatabaseHeader, FileType, FlushMapReport
from orchestrator.ese.states import file_type_name
from orchestrator.model.verification import ContentFinding, Place, Severity

PAGE_SIZE: Final = 8192  # whatever the size of the database's pages

_ROWS: Final = (
    (0, Kind.HEX, "ulChecksum"),
    (4, Kind.U32, "ulFmVersionMajor"),
    (8, Kind.U32, "ulFmVersionUpdateMajor"),
    (12, Kind.U32, "ulFmVersionUpdateMinor"),
    (36, Kind.HEX, "ulFlags"),
    (40, Kind.TIME, "logtimeCreate"),
    (48, Kind.TIME, "logtimeAttach"),
    (56, Kind.TIME, "logtimeDetach"),
    (64, Kind.I32, "lGenMinRequired"),
    (88, Kind.SIGNATURE, "signDbHdrFlush"),
    (116, Kind.SIGNATURE, "signFlushMapHdrFlush"),
    (667, Kind.U32, "filetype"),
)

LAYOUT: Final = {name: Field(offset, kind) for offset, kind, name in _ROWS}
FLAG_CLEAN: Final = 1

PAGE_CHECKSUM: Final = Field(0, Kind.U64)
MAP_PAGE_NUMBER: Final = Field(16, Kind.U32)

_PAGES_NAMED: Final = 16
_BLANK: Final = bytes(PAGE_SIZE)


def check_flush_map(name: str, data: Buffer, header: DatabaseHeader | None) -> FlushMapReport:
    """Check the header, whether it belongs to the database, and the checksum of every page.

    Args:
        name: as findings call it.
        data: the whole file.
        header: of its database; None if that could not be read, then the two are not compared.
    """
    head = bytes(data[:PAGE_SIZE])
    if len(head) < PAGE_SIZE or header_checksum(head) != LAYOUT["ulChecksum"].number(head):
        text = f"The header of {name} cannot be used: the engine will build the map anew."
        return FlushMapReport(name, False, 0, (_warning("ese.flush-map-bad", Place(name, "header"), text),))
    found = [*_header_findings(name, head, header), *_page_findings(name, data)]
    clean = bool(LAYOUT["ulFlags"].number(head) & FLAG_CLEAN)
    return FlushMapReport(name, clean, len(data) // PAGE_SIZE - 1, tuple(found))


def _header_findings(name: str, head: bytes, header: DatabaseHeader | None) -> Iterator[ContentFinding]:
    file_type = LAYOUT["filetype"].number(head)
    if file_type not in {FileType.UNKNOWN, FileType.FLUSH_MAP}:
        text = f"{name} says that it is no flush map: {file_type_name(file_type)}."
        yield _warning("ese.flush-map-bad", Place(name, "header"), text)
    if header is not None and not _belongs(head, header):
        text = f"{name} is not the flush map of this database, or of another time: it will be built anew."
        yield _warning("ese.flush-map-foreign", Place(name, "header"), text)


def _belongs(head: bytes, header: DatabaseHeader) -> bool:
    """One of both signatures is enough: not every write of a header touches both files."""
    pairs = (
        (LAYOUT["signFlushMapHdrFlush"].signature(head), header.sign_flush_map),
        (LAYOUT["signDbHdrFlush"].signature(head), header.sign_db_flush),
    )
    return any(one == other and not one.empty for one, other in pairs)


def _page_findings(name: str, data: Buffer) -> Iterator[ContentFinding]:
    named = 0
    for number in range(1, len(data) // PAGE_SIZE):
        page = bytes(data[number * PAGE_SIZE : (number + 1) * PAGE_SIZE])
        if page == _BLANK or _good(page, number - 1):
            continue
        named += 1
        if named > _PAGES_NAMED:
            yield _warning("ese.flush-map-bad", Place(name), f"{name} has more pages that cannot be used.")
            return
        text = f"Page {number} of {name} cannot be used: that part of the map will be built anew."
        yield _warning("ese.flush-map-bad", Place(name, "page", number, number * PAGE_SIZE), text)


def _good(page: bytes, number: int) -> bool:
    right = block_checksum(page, number) == PAGE_CHECKSUM.number(page)
    return right and MAP_PAGE_NUMBER.number(page) == number


def _warning(code: str, place: Place, text: str) -> ContentFinding:
    return ContentFinding(code, Severity.WARNING, place, text)
