"""Reads the two copies of a database header, and finds out the page size on the way.

The header lies in the first page, its shadow in the second (ESE ese/_osu/fileu.cxx). While a
header is rewritten, one of the two is wrong: an image of a running server may well hold such a pair. So one
good copy is enough; the other is only reported.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from orchestrator.ese.checksum import header_checksum
from orchestrator.ese.database_layout import (
    ATTRIB_STREAMING,
    DEFAULT_PAGE_SIZE,
    KNOWN_VERSIONS,
    LAYOUT,
    MAGIC,
)
from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.header_findings import (
    bad_copy,
    copies_differ,
    no_good_copy,
    other_file_type,
    unknown_version,
)
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.reports import Copy, DatabaseHeader, FileType, HeaderPair
from orchestrator.ese.states import file_type_name, state_name
from orchestrator.model.verification import ContentFinding

START_SIZE: Final = 2 * PAGE_SIZES[-1]  # what has to be read of a file, whatever its page size

_DATABASES: Final = {FileType.UNKNOWN, FileType.DATABASE, FileType.STREAMING, FileType.TEMPORARY_DATABASE}


class _Copies(NamedTuple):
    page_size: int
    primary: bytes | None
    shadow: bytes | None


def read_header_pair(start: bytes, file: str) -> HeaderPair:
    """Read both copies from the start of a database or streaming file.

    Args:
        start: its first `START_SIZE` bytes, or all of it if it is shorter.
        file: how findings call it.
    """
    copies = _find(start)
    if copies is None:
        return HeaderPair(None, Copy.BAD, Copy.BAD, (no_good_copy(start, file),))
    good = copies.primary or copies.shadow or b""
    header = decode(good)
    primary = Copy.GOOD if copies.primary else Copy.BAD
    shadow = _compare(copies)
    return HeaderPair(header, primary, shadow, _findings(header, primary, shadow, file))


def decode(block: Buffer) -> DatabaseHeader:
    """Decode a header whose checksum is known to be right: at least 748 bytes."""
    number = {name: field.number(block) for name, field in LAYOUT.items()}
    sign = {name: LAYOUT[name].signature(block) for name in LAYOUT if name.startswith("sign")}
    return DatabaseHeader(
        page_size=number["cbPageSize"] or DEFAULT_PAGE_SIZE,
        version=number["ulVersion"],
        update_major=number["ulDaeUpdateMajor"],
        update_minor=number["ulDaeUpdateMinor"],
        state=number["dbstate"],
        file_type=number["filetype"],
        streaming=number["attrib"] == ATTRIB_STREAMING or number["filetype"] == FileType.STREAMING,
        dbtime_dirtied=number["dbtimeDirtied"],
        sign_db=sign["signDb"],
        sign_log=sign["signLog"],
        sign_streaming=sign["signSLV"],
        sign_flush_map=sign["signFlushMapHdrFlush"],
        sign_db_flush=sign["signDbHdrFlush"],
        consistent=LAYOUT["lgposConsistent"].position(block),
        attached=LAYOUT["lgposAttach"].position(block),
        required=(number["lGenMinRequired"], number["lGenMaxRequired"]),
        committed=number["lGenMaxCommitted"] or number["lGenMaxRequired"],
        committed_created=LAYOUT["logtimeGenMaxCreate"].of(block),
        required_created=LAYOUT["logtimeGenMaxRequired"].of(block),
        fields=tuple((name, _text(name, number[name], field.text(block))) for name, field in LAYOUT.items()),
    )


def _find(start: bytes) -> _Copies | None:
    """Try every page size; a good primary copy settles it, else a good shadow does."""
    tried = [_Copies(size, _good(start, 0, size), _good(start, size, size)) for size in PAGE_SIZES]
    return next((each for each in tried if each.primary), None) or next(
        (each for each in tried if each.shadow), None
    )


def _good(start: bytes, at: int, size: int) -> bytes | None:
    """Return the copy of a header at some offset if it is one of a database with pages of this size."""
    block = start[at : at + size]
    if len(block) < size or LAYOUT["ulMagic"].number(block) != MAGIC:
        return None
    if (LAYOUT["cbPageSize"].number(block) or DEFAULT_PAGE_SIZE) != size:
        return None
    return block if header_checksum(block) == LAYOUT["ulChecksum"].number(block) else None


def _compare(copies: _Copies) -> Copy:
    if copies.shadow is None:
        return Copy.BAD
    return Copy.DIFFERENT if copies.primary and copies.primary != copies.shadow else Copy.GOOD


def _findings(header: DatabaseHeader, primary: Copy, shadow: Copy, file: str) -> tuple[ContentFinding, ...]:
    found = []
    if primary is Copy.BAD:
        found.append(bad_copy(file, 1, header.page_size))
    if shadow is Copy.BAD:
        found.append(bad_copy(file, 2, header.page_size))
    if shadow is Copy.DIFFERENT:
        found.append(copies_differ(file, header.page_size))
    if header.file_type not in _DATABASES:
        found.append(other_file_type(file, header.file_type))
    if header.version not in KNOWN_VERSIONS:
        found.append(unknown_version(file, header))
    return tuple(found)


def _text(name: str, number: int, text: str) -> str:
    match name:
        case "dbstate":
            return f"{number} ({state_name(number)})"
        case "filetype":
            return f"{number} ({file_type_name(number)})"
        case _:
            return text
