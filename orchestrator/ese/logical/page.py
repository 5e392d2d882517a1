"""One page with its tags and nodes, and the rules that hold inside it whatever state its database is in.

Layout (ESE inc/cpage.hxx, inc/node.hxx): header, data area, free bytes, and from the end of the page
backwards an array of tags, 4 bytes each: size and offset of a line. Tag 0 is the external header: the space
header in a root, else the bytes of key that nodes share. The other lines are nodes (`nodes`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Final, NamedTuple

from orchestrator.ese.logical.nodes import Node, Problem, broken_nodes, read_nodes
from orchestrator.ese.page_layout import LARGE_PAGE_SIZE

ROOT: Final = 0x0001
LEAF: Final = 0x0002
PARENT_OF_LEAF: Final = 0x0004
EMPTY: Final = 0x0008
SPACE_TREE: Final = 0x0020
INDEX: Final = 0x0040
LONG_VALUE: Final = 0x0080
NEW_RECORD_FORMAT: Final = 0x0800
PRE_INITIALISED: Final = 0x20000
ROOT_OF_DELETED_TREE: Final = 0x40000
KINDS: Final = SPACE_TREE | INDEX | LONG_VALUE

# pgnoPrev, pgnoNext, objidFDP, cbFree, cbUncommittedFree, ibMicFree, itagState, fFlags
_HEADER: Final = Struct("<IIIHHHHI")
_HEADER_AT: Final = 16
_SMALL_HEADER_BYTES: Final = 40
_LARGE_HEADER_BYTES: Final = 80
_TAG_BYTES: Final = 4
_TAGS: Final = 0x0FFF  # of itagState; above them: how many are reserved, 0 for the one of old
_RESERVED_SHIFT: Final = 12
_RESERVED: Final = 0x7
_SMALL_PLACE: Final = 0x1FFF  # of the two words of a tag; the flags of a node are above its offset
_LARGE_PLACE: Final = 0x7FFF
_FLAG_SHIFT: Final = 13
_SPLIT_BUFFER_BYTES: Final = 16  # in the root of a space tree, before the shared key


@dataclass(slots=True)
class Page:
    """A page, read as far as it can be.

    Attributes:
        external: tag 0: the space header of a root, or the shared key.
        nodes: in the order of their tags; empty if the tags cannot be relied on.
        problems: rules of a page by itself that it breaks.
        readable: tags and nodes hold together, so that what the nodes say can be used.
    """

    number: int
    previous: int
    following: int
    objid: int
    flags: int
    external: bytes = b""
    nodes: list[Node] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    readable: bool = True

    @property
    def leaf(self) -> bool:
        """It holds what is stored, not pointers to other pages."""
        return bool(self.flags & LEAF)

    @property
    def empty(self) -> bool:
        """It was made ready for use, or emptied, and belongs into no tree."""
        return bool(self.flags & (EMPTY | PRE_INITIALISED))


class _Frame(NamedTuple):
    """What the header says of the space inside a page, in bytes."""

    start: int
    area: int
    tags: int
    reserved: int
    free: int
    uncommitted: int
    first_free: int


def parse_page(data: bytes, number: int) -> Page:
    """Read a whole page; what is wrong inside it stands in its `problems`."""
    previous, following, objid, free, uncommitted, first_free, tag_state, flags = _HEADER.unpack_from(
        data, _HEADER_AT
    )
    page = Page(number, previous, following, objid, flags)
    large = len(data) >= LARGE_PAGE_SIZE
    start = _LARGE_HEADER_BYTES if large else _SMALL_HEADER_BYTES
    count = tag_state & _TAGS
    reserved = max(tag_state >> _RESERVED_SHIFT & _RESERVED, 1)
    frame = _Frame(
        start, len(data) - start - _TAG_BYTES * count, count, reserved, free, uncommitted, first_free
    )
    if frame.area <= 0 or count < reserved:
        page.readable = False
        page.problems.append(
            Problem("ese.logical-tags", f"its header counts {count} tags, which cannot be", -1206)
        )
    else:
        _read_lines(page, data, frame, large=large)
    return page


def _read_lines(page: Page, data: bytes, frame: _Frame, *, large: bool) -> None:
    words = Struct(f"<{2 * frame.tags}H").unpack_from(data, len(data) - _TAG_BYTES * frame.tags)[::-1]
    place = _LARGE_PLACE if large else _SMALL_PLACE
    offsets = [word & place for word in words[::2]]
    sizes = [word & place for word in words[1::2]]
    page.problems.extend(_broken_tags(offsets, sizes, frame))
    if page.problems:
        page.readable = False
        return
    page.problems.extend(_broken_space(sizes, frame))
    page.external = data[frame.start + offsets[0] :][: sizes[0]]
    first = frame.reserved
    at = [frame.start + offset for offset in offsets[first:]]
    if large:
        # The flags of a line are the three highest bits of its first word.
        flags = [data[one + 1] >> 5 for one in at]
    else:
        flags = [word >> _FLAG_SHIFT for word in words[2 * first :: 2]]
    problems = broken_nodes(data, at, sizes[first:], flags, len(_shared_key(page)))
    if problems:
        page.readable = False
        page.problems.extend(problems)
        return
    page.nodes = read_nodes(data, at, sizes[first:], flags, _shared_key(page))


def _shared_key(page: Page) -> bytes:
    """Return the bytes that keys on this page may begin with."""
    if not page.flags & ROOT:
        return page.external
    return page.external[_SPLIT_BUFFER_BYTES:] if page.flags & SPACE_TREE else b""


def _broken_tags(offsets: list[int], sizes: list[int], frame: _Frame) -> list[Problem]:
    """Each line lies in the data area, before the free bytes, and shares no byte with another."""
    end = min(frame.first_free, frame.area)
    for number, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
        if size == 0 and number >= frame.reserved:
            return [Problem("ese.logical-tags", f"tag {number} has no bytes", -1206)]
        if offset + size > end and size:
            text = f"tag {number} reaches from {offset} to {offset + size}; the lines end at {end}"
            return [Problem("ese.logical-tags", text, -1206)]
    reached = 0
    for offset, size in sorted(zip(offsets, sizes, strict=True)):
        if size and offset < reached:
            text = f"the line at {offset} begins before the one in front of it ends, at {reached}"
            return [Problem("ese.logical-tags-overlap", text, -1206)]
        reached = max(reached, offset + size)
    return []


def _broken_space(sizes: list[int], frame: _Frame) -> list[Problem]:
    """All bytes of the page are accounted for (ESE cpage.cxx, ErrCheckPage)."""
    used = sum(sizes)
    problems = []
    if used + frame.free != frame.area:
        text = f"{used} bytes of lines and {frame.free} free ones should make {frame.area}"
        problems.append(Problem("ese.logical-page-space", text, -1206))
    if frame.uncommitted > frame.free:
        text = f"of {frame.free} free bytes {frame.uncommitted} are said to be not committed"
        problems.append(Problem("ese.logical-page-space", text, -1206))
    return problems
