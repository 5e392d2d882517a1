"""The damages that count most, planted in real databases under right checksums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from struct import pack_into, unpack_from
from typing import Final

import pytest

from orchestrator.ese.checksum import block_checksum
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.logical import walk
from orchestrator.ese.logical.catalog import read_entry
from orchestrator.ese.logical.nodes import DELETED
from orchestrator.ese.logical.page import INDEX, LEAF, LONG_VALUE, ROOT, SPACE_TREE, Page, parse_page
from orchestrator.ese.reports import DatabaseHeader
from orchestrator.ese.sealing import seal_page
from orchestrator.model.verification import Severity
from tests.ese_samples import sample

TREES: Final = "dbs/srudb-4k-garbage-tail.dat.gz"
VALUES: Final = "dbs/decompress-8k-clean.edb"


class Database:
    """A sample, one page of which can be changed."""

    def __init__(self, name: str) -> None:
        self._data = bytearray(sample(name))
        header = read_header_pair(bytes(self._data[:65536]), name).header
        assert header is not None
        self.header: DatabaseHeader = header
        self.size = header.page_size
        self.count = len(self._data) // self.size - 2

    def bytes_of(self, number: int) -> bytearray:
        return self._data[(number + 1) * self.size : (number + 2) * self.size]

    def page(self, number: int) -> Page:
        return parse_page(bytes(self.bytes_of(number)), number)

    def pages(self) -> Iterator[Page]:
        for number in range(1, min(self.count, 140) + 1):
            page = self.page(number)
            if page.objid and page.readable and not page.empty:
                yield page

    def write(self, number: int, page: bytearray) -> None:
        seal_page(page, number)
        assert block_checksum(page, number) == int.from_bytes(page[:8], "little")
        self._data[(number + 1) * self.size : (number + 2) * self.size] = page

    def patch(self, number: int, at: int, value: int, width: int = 4) -> int:
        page = self.bytes_of(number)
        page[at : at + width] = value.to_bytes(width, "little")
        self.write(number, page)
        return number

    def tag(self, number: int, tag: int) -> tuple[int, int]:
        """Return size and offset of a line."""
        size, offset = unpack_from("<HH", self.bytes_of(number), self.size - 4 * (tag + 1))
        return size & 0x1FFF, offset & 0x1FFF

    def set_tag(self, number: int, tag: int, size: int, offset: int) -> int:
        page = self.bytes_of(number)
        (flags,) = unpack_from("<H", page, self.size - 4 * (tag + 1) + 2)
        pack_into("<HH", page, self.size - 4 * (tag + 1), size, offset | flags & 0xE000)
        self.write(number, page)
        return number

    def errors(self) -> set[tuple[str, int | None]]:
        found = walk(lambda number: bytes(self.bytes_of(number)), self.header, "sample", self.count)
        return {
            (one.code.removeprefix("ese.logical-"), one.place.number)
            for one in found
            if one.severity is Severity.ERROR
        }

    def chained_leaf(self, kind: int = 0) -> Page:
        """Return a leaf in the middle of a chain."""
        return next(
            page
            for page in self.pages()
            if page.flags & (LEAF | INDEX | LONG_VALUE) == LEAF | kind
            and page.previous
            and page.following
            and len(page.nodes) > 2
        )

    def parent(self) -> Page:
        """Return a page that points to at least three others."""
        return next(page for page in self.pages() if not page.leaf and len(page.nodes) > 2)

    def tables(self) -> Iterator[Page]:
        """Yield the roots of all tables but those of the catalog."""
        for page in self.pages():
            if page.objid == 2 and page.flags & (LEAF | INDEX | SPACE_TREE) == LEAF:
                for node in page.nodes:
                    entry = read_entry(node.data)
                    if (
                        entry is not None
                        and entry.kind == 1
                        and entry.root > 24
                        and len(self.page(entry.root).external) == 16
                    ):
                        yield self.page(entry.root)

    def root(self, kind: int, *, multiple: bool) -> Page:
        """Return a root of some kind that has space trees, or none."""
        return next(
            page
            for page in self.pages()
            if page.flags & (ROOT | INDEX | LONG_VALUE | SPACE_TREE) == ROOT | kind
            and page.number > 30
            and bool(page.external[8] & 1) == multiple
        )


Plant = Callable[[Database], tuple[str, int]]


def swapped_links(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    db.patch(leaf.number, 16, leaf.following)
    return "sibling-link", db.patch(leaf.number, 20, leaf.previous)


def looping_chain(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    return "sibling-link", db.patch(leaf.number, 20, leaf.previous)


def wrong_objid(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    return "objid", db.patch(leaf.number, 24, leaf.objid + 1)


def two_keys_out_of_order(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    one, other = db.tag(leaf.number, 1), db.tag(leaf.number, 2)
    page = db.bytes_of(leaf.number)
    words = [page[db.size - 4 * (tag + 1) : db.size - 4 * tag] for tag in (1, 2)]
    for tag, word in zip((1, 2), reversed(words), strict=True):
        page[db.size - 4 * (tag + 1) : db.size - 4 * tag] = word
    db.write(leaf.number, page)
    assert one != other
    return "key-order", leaf.number


def child_at(db: Database, parent: Page, which: int) -> int:
    size, offset = db.tag(parent.number, which + 1)
    return 40 + offset + size - 4


def foreign_child(db: Database) -> tuple[str, int]:
    parent = db.parent()
    other = next(page.number for page in db.pages() if page.objid != parent.objid and page.leaf)
    return "foreign-page", db.patch(parent.number, child_at(db, parent, 1), other)


def child_outside(db: Database) -> tuple[str, int]:
    parent = db.parent()
    return "page-outside", db.patch(parent.number, child_at(db, parent, 1), db.count + 1)


def child_is_parent(db: Database) -> tuple[str, int]:
    parent = db.parent()
    return "reached-twice", db.patch(parent.number, child_at(db, parent, 1), parent.number)


def children_swapped(db: Database) -> tuple[str, int]:
    parent = db.parent()
    one, other = (int.from_bytes(parent.nodes[index].data, "little") for index in (0, 1))
    db.patch(parent.number, child_at(db, parent, 0), other)
    db.patch(parent.number, child_at(db, parent, 1), one)
    return "key-range", one


def wrong_free_bytes(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    free = int.from_bytes(db.bytes_of(leaf.number)[28:30], "little")
    return "page-space", db.patch(leaf.number, 28, free + 4, 2)


def tag_beyond_the_page(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    size, _ = db.tag(leaf.number, 2)
    return "tags", db.set_tag(leaf.number, 2, size, db.size - 8)


def overlapping_tags(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    size, _ = db.tag(leaf.number, 2)
    _, offset = db.tag(leaf.number, 1)
    return "tags-overlap", db.set_tag(leaf.number, 2, size, offset)


def prefix_too_long(db: Database) -> tuple[str, int]:
    leaf = next(
        page for page in db.pages() if page.leaf and not page.flags & ROOT and page.nodes[-1].flags & 4
    )
    _, offset = db.tag(leaf.number, len(leaf.nodes))
    return "prefix", db.patch(leaf.number, 40 + offset, len(leaf.external) + 1, 2)


def blank_page(db: Database) -> tuple[str, int]:
    leaf = db.chained_leaf()
    page = db.bytes_of(leaf.number)
    page[:] = bytes(db.size)
    db._data[(leaf.number + 1) * db.size : (leaf.number + 2) * db.size] = page
    return "blank-page", leaf.number


def page_owned_twice(db: Database) -> tuple[str, int]:
    root = db.root(0, multiple=True)
    owned = int.from_bytes(root.external[12:16], "little")
    node = db.page(owned).nodes[0]
    _, offset = db.tag(owned, 1)
    at = 40 + offset + 2 + len(node.key)
    pages = int.from_bytes(node.data, "little") + 1  # one more, in front: it is its neighbour's
    first = int.from_bytes(node.key, "big") - pages + 1
    neighbour = any(page.number == first for page in db.pages())
    assert neighbour
    return "owned-twice", db.patch(owned, at, pages)


def available_page_in_use(db: Database) -> tuple[str, int]:
    used = {page.number: page.objid for page in db.pages()}
    for root in db.tables():
        if not root.external[8] & 1:
            continue
        available = int.from_bytes(root.external[12:16], "little") + 1
        for index, node in enumerate(db.page(available).nodes):
            pages = int.from_bytes(node.data, "little") + 1  # one more, in front
            first = int.from_bytes(node.key, "big") - pages + 1
            if not node.flags & DELETED and used.get(first) == root.objid:
                _, offset = db.tag(available, index + 1)
                db.patch(available, 40 + offset + 2 + len(node.key), pages)
                return "available-in-use", first
    raise AssertionError


def catalog_to_another_object(db: Database) -> tuple[str, int]:
    for page in db.pages():
        if page.objid != 2 or not page.leaf or page.flags & (INDEX | SPACE_TREE):
            continue
        for number, node in enumerate(page.nodes):
            entry = read_entry(node.data)
            if entry and entry.kind == 1 and entry.root > 40:
                other = db.root(INDEX, multiple=False).number
                size, offset = db.tag(page.number, number + 1)
                db.patch(page.number, 40 + offset + size - len(node.data) + 14, other)
                return "catalog-entry", other
    raise AssertionError


PLANTS: Final = (
    swapped_links,
    looping_chain,
    wrong_objid,
    two_keys_out_of_order,
    foreign_child,
    child_outside,
    child_is_parent,
    children_swapped,
    wrong_free_bytes,
    tag_beyond_the_page,
    overlapping_tags,
    prefix_too_long,
    blank_page,
    page_owned_twice,
    available_page_in_use,
    catalog_to_another_object,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda one: one.__name__)
def test_damage_in_a_real_database_is_found(plant: Plant) -> None:
    database = Database(TREES)
    expected = plant(database)
    assert expected in database.errors()


def test_a_missing_long_value_of_a_real_database_is_found() -> None:
    database = Database(VALUES)
    assert database.errors() == set()
    tree = next(
        page
        for page in database.pages()
        if page.flags & (LONG_VALUE | SPACE_TREE | LEAF) == LONG_VALUE | LEAF
    )
    number = next(index for index, node in enumerate(tree.nodes) if len(node.key) == 4)
    page = database.bytes_of(tree.number)
    at = database.size - 4 * (number + 2) + 3
    page[at] |= 2 << 5  # its root is flagged as deleted
    database.write(tree.number, page)
    codes = {code for code, _ in database.errors()}
    assert codes == {"long-value", "long-value-missing"}
