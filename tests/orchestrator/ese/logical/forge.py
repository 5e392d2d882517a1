"""Builds a small sound database whose every page is known, so that one rule at a time can be broken.

60 pages of 4 KiB (or of another size). Trees, with the pages they use:
root 1 · its space 2, 3 · catalog 4 · shadow 24 · table T 30 → 31, 32 → leaves 33 to 36, its space 37, 38 ·
index I of T 45 · long values of T 47
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from struct import pack, pack_into
from typing import Final

from orchestrator.ese.logical import walk
from orchestrator.ese.reports import NOWHERE, DatabaseHeader, DatabaseState, Signature
from orchestrator.ese.sealing import seal_page
from orchestrator.model.verification import ContentFinding, Severity

PAGES: Final = 60
NEW_FORMAT: Final = 0x0800
ROOT, LEAF, PARENT_OF_LEAF, SPACE, INDEX, LONG = 1, 2, 4, 0x20, 0x40, 0x80
DELETED: Final = 2
MULTIPLE: Final = 5
CHUNK: Final = 100  # of the long values of T, as its catalog record says

Lines = list[tuple[bytes, bytes]]

HEADER: Final = DatabaseHeader(
    page_size=4096,
    version=0x620,
    update_major=20,
    update_minor=0,
    state=DatabaseState.CLEAN_SHUTDOWN,
    file_type=1,
    streaming=False,
    dbtime_dirtied=0,
    sign_db=Signature(bytes(28)),
    sign_log=Signature(bytes(28)),
    sign_streaming=Signature(bytes(28)),
    sign_flush_map=Signature(bytes(28)),
    sign_db_flush=Signature(bytes(28)),
    consistent=NOWHERE,
    attached=NOWHERE,
    required=(0, 0),
    committed=0,
    committed_created=bytes(8),
    required_created=bytes(8),
)


def node(key: bytes, data: bytes) -> bytes:
    """Return a node that shares no key."""
    return pack("<H", len(key)) + key + data


def shared(prefix: int, suffix: bytes, data: bytes) -> bytes:
    """Return a node that begins with bytes of the page's shared key; it needs the flag 4."""
    return pack("<HH", prefix, len(suffix)) + suffix + data


def record(*references: int, mark: int = 0x4000) -> bytes:
    """Return a record with a fixed, a variable and, if it needs long values, a tagged column for each.

    Args:
        references: ids of the long values.
        mark: flag of tagged columns with a header byte; in large pages all have one, and this is 0.
    """
    fixed = bytes([1, 128]) + pack("<H", 9) + b"fixd" + b"\0"
    variable = pack("<H", 3) + b"var"
    values = b"".join(b"\x05" + pack("<I", one) for one in references)
    start = 4 * len(references)
    tags = b"".join(pack("<HH", 256 + i, (start + 5 * i) | mark) for i in range(len(references)))
    return fixed + variable + tags + values


def entry(table: int, kind: int, objid: int, root: int, name: str, chunk: int = CHUNK) -> bytes:
    """Return a record of the catalog."""
    fixed = pack("<IHIIIIIBHIHI", table, kind, objid, root, 0, 0, 0, 0, 0, 0, 0, chunk) + bytes(2)
    return bytes([12, 128]) + pack("<H", 4 + len(fixed)) + fixed + pack("<H", len(name)) + name.encode()


def extent(first: int, last: int) -> tuple[bytes, bytes]:
    """Return the node of a space tree for a run of pages."""
    return pack(">I", last), pack("<I", last - first + 1)


def space(pages: int, parent: int, flags: int, last: int) -> bytes:
    """Return a space header."""
    return pack("<IIII", pages, parent, flags, last)


def pointer(key: bytes, page: int) -> tuple[bytes, bytes]:
    """Return the node of a page that is no leaf."""
    return key, pack("<I", page)


def write_page(
    size: int,
    objid: int,
    flags: int,
    lines: list[bytes],
    *,
    external: bytes = b"",
    chain: tuple[int, int] = (0, 0),
    marks: dict[int, int] | None = None,
) -> bytearray:
    """Return a page with these lines; `marks` are flags of some of them, by number."""
    large = size >= 16384
    start = 80 if large else 40
    page = bytearray(size)
    at = 0
    for number, line in enumerate([external, *lines]):
        mark = (marks or {}).get(number - 1, 0)
        body = bytearray(line)
        if large and number:
            body[1] |= mark << 5
        page[start + at : start + at + len(body)] = body
        word = at if large else at | (mark << 13 if number else 0)
        pack_into("<HH", page, size - 4 * (number + 1), len(body), word)
        at += len(body)
    count = len(lines) + 1
    free = size - start - at - 4 * count
    pack_into("<IIIHHHHI", page, 16, *chain, objid, free, 0, at, count, flags | NEW_FORMAT)
    return page


class Forge:
    """The database. A test writes pages anew, or patches them."""

    def __init__(self, size: int = 4096) -> None:
        self.size = size
        self.mark = 0 if size >= 16384 else 0x4000
        self.pages: dict[int, bytearray] = {}
        self._build()

    def put(
        self,
        number: int,
        objid: int,
        flags: int,
        lines: Lines | list[bytes],
        *,
        external: bytes = b"",
        chain: tuple[int, int] = (0, 0),
        marks: dict[int, int] | None = None,
    ) -> Forge:
        """Write a page; a line is (key, data), or the bytes of a node."""
        whole = [node(*line) if isinstance(line, tuple) else line for line in lines]
        self.pages[number] = write_page(
            self.size, objid, flags, whole, external=external, chain=chain, marks=marks
        )
        return self

    def _build(self) -> None:
        self.put(1, 1, ROOT | LEAF, [], external=space(0, 0, MULTIPLE, 2))
        self.put(2, 1, ROOT | LEAF | SPACE, [extent(1, PAGES)], external=bytes(16))
        stock = [extent(12, 23), extent(29, 29), extent(53, PAGES)]
        self.put(3, 1, ROOT | LEAF | SPACE, stock, external=bytes(16))
        self.catalog(
            entry(2, 1, 2, 4, "MSysObjects"),
            entry(3, 1, 3, 24, "MSysObjectsShadow"),
            entry(10, 1, 10, 30, "T"),
            entry(10, 2, 1, 4, "C"),
            entry(10, 3, 10, 30, "primary"),
            entry(10, 3, 11, 45, "I"),
            entry(10, 4, 12, 47, "LV"),
        )
        self.put(30, 10, ROOT, [pointer(b"m", 31), pointer(b"", 32)], external=space(0, 1, MULTIPLE, 37))
        self.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"m", 34)])
        self.put(32, 10, PARENT_OF_LEAF, [pointer(b"s", 35), pointer(b"", 36)])
        self.put(33, 10, LEAF, [(b"a", self.record()), (b"c", self.record(1))], chain=(0, 34))
        self.put(34, 10, LEAF, [(b"f", self.record()), (b"l", self.record(2))], chain=(33, 35))
        shares = [shared(2, b"a", self.record()), shared(2, b"c", self.record())]
        self.put(35, 10, LEAF, shares, external=b"mn", chain=(34, 36), marks={0: 4, 1: 4})
        self.put(36, 10, LEAF, [(b"s", self.record()), (b"z", self.record(1, 2))], chain=(35, 0))
        self.put(37, 10, ROOT | LEAF | SPACE, [extent(30, 52)], external=bytes(16))
        self.put(38, 10, ROOT | LEAF | SPACE, [extent(39, 44), extent(50, 52)], external=bytes(16))
        keys = [(b"x", b"1"), (b"x", b"2"), (b"y", b"0")]  # not unique: flag 2 of the space header
        self.put(45, 11, ROOT | LEAF | INDEX | 0x400, keys, external=space(2, 30, 2, 0b1))
        self.long_values(
            (pack(">I", 1), pack("<II", 2, 250)),
            (pack(">II", 1, 0), bytes(100)),
            (pack(">II", 1, 100), b"\x18" + pack("<H", 100) + b"packed"),
            (pack(">II", 1, 200), bytes(50)),
            (pack(">I", 2), pack("<II", 2, 7)),
            (pack(">II", 2, 0), b"content"),
        )

    def record(self, *references: int) -> bytes:
        """Return a record as it stands in a page of this size."""
        return record(*references, mark=self.mark)

    def catalog(self, *records: bytes) -> Forge:
        """Write the catalog and its shadow, one page each."""
        lines: Lines = [(pack(">I", number), one) for number, one in enumerate(records)]
        self.put(4, 2, ROOT | LEAF, lines, external=space(8, 1, 0, 0b1111111))
        self.put(24, 3, ROOT | LEAF, lines, external=space(5, 1, 0, 0b1111))
        return self

    def long_values(self, *lines: tuple[bytes, bytes], marks: dict[int, int] | None = None) -> Forge:
        """Write the long-value tree."""
        external = space(3, 30, 0, 0b11)
        self.put(47, 12, ROOT | LEAF | LONG, list(lines), external=external, marks=marks)
        return self

    def patch(self, number: int, at: int, value: int, width: int = 4) -> Forge:
        """Overwrite a number in a page."""
        self.pages[number][at : at + width] = value.to_bytes(width, "little")
        return self

    def bare(self, number: int, objid: int, flags: int) -> Forge:
        """Write a page that has a header and no tags."""
        self.pages[number] = bytearray(self.size)
        return self.patch(number, 24, objid).patch(number, 36, flags | NEW_FORMAT)

    def tag(self, number: int, tag: int, *, offset: int | None = None, size: int | None = None) -> Forge:
        """Overwrite a tag of a page."""
        at = self.size - 4 * (tag + 1)
        if size is not None:
            self.patch(number, at, size, 2)
        if offset is not None:
            self.patch(number, at + 2, offset, 2)
        return self

    def read(self, number: int) -> bytes:
        """Return a page with right checksums."""
        page = bytearray(self.pages.get(number, bytes(self.size)))
        if any(page):
            seal_page(page, number)
        return bytes(page)

    def walk(
        self,
        *,
        state: int = DatabaseState.CLEAN_SHUTDOWN,
        read: Callable[[int], bytes | None] | None = None,
        page_count: int = PAGES,
        **header: object,
    ) -> tuple[ContentFinding, ...]:
        """Walk the database."""
        fields = {"page_size": self.size, "state": state, **header}
        changed = replace(HEADER, **fields)  # type: ignore[arg-type] # any field
        return walk(read or self.read, changed, "forged.edb", page_count)


def found(findings: tuple[ContentFinding, ...]) -> set[tuple[str, str, int | None]]:
    """Return severity, code (without "ese.logical-") and page of each error and warning."""
    return {
        (str(one.severity), one.code.removeprefix("ese.logical-"), one.place.number)
        for one in findings
        if one.severity is not Severity.INFO
    }
