"""Damages to how pages of a forged database hang together, and what has to be found."""

from __future__ import annotations

from struct import pack
from typing import Final

from tests.orchestrator.ese.logical.damage import (
    INDEX_I,
    LONG_VALUES,
    MSYS,
    PART_1,
    PART_2,
    PART_3,
    PART_OF_2,
    TABLE,
    VALUE_1,
    VALUE_2,
    Damage,
    Expected,
    leaf,
    owned_by_t,
    stock_of_t,
    values,
)
from tests.orchestrator.ese.logical.forge import (
    INDEX,
    LEAF,
    PAGES,
    PARENT_OF_LEAF,
    ROOT,
    SPACE,
    entry,
    extent,
    pointer,
    record,
    space,
)

BETWEEN: Final[dict[str, tuple[Damage, Expected]]] = {
    "sibling links swapped": (
        lambda db: db.patch(34, 16, 35).patch(34, 20, 33),
        {("sibling-link", 34)},
    ),
    "chain of siblings that loops": (lambda db: db.patch(35, 20, 33), {("sibling-link", 35)}),
    "chain that goes on behind its end": (lambda db: db.patch(36, 20, 33), {("sibling-link", 36)}),
    "parent in a chain": (lambda db: db.patch(31, 20, 32), {("sibling-link", 31)}),
    "page with another objid": (lambda db: db.patch(34, 24, 11), {("objid", 34)}),
    "page of another kind": (lambda db: db.patch(34, 36, LEAF | INDEX), {("page-kind", 34)}),
    "root flag below the root": (lambda db: db.patch(34, 36, LEAF | ROOT), {("page-kind", 34)}),
    "key greater than the parent allows": (leaf((b"a", record()), (b"f", record(1))), {("key-range", 33)}),
    "key smaller than the parent allows": (
        lambda db: db.put(34, 10, LEAF, [(b"e", record()), (b"l", record(2))], chain=(33, 35)),
        {("key-range", 34)},
    ),
    "last key of a page unlike its parent's": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"n", 34)]),
        {("key-range", 31)},
    ),
    "first key of a page smaller than its parent's": (
        lambda db: db.put(32, 10, PARENT_OF_LEAF, [pointer(b"l", 35), pointer(b"", 36)]),
        {("key-range", 32), ("key-range", 35)},
    ),
    "child pointer to another tree's page": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"m", 45)]),
        {("foreign-page", 31)},
    ),
    "child pointer out of the file": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"m", 1 << 31)]),
        {("page-outside", 31)},
    ),
    "child pointer to nothing": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"m", 0)]),
        {("page-outside", 31)},
    ),
    "loop from child to parent": (
        lambda db: db.put(31, 10, 0, [pointer(b"f", 31), pointer(b"m", 34)]),
        {("reached-twice", 31), ("level", 34)},
    ),
    "loop to the root": (
        lambda db: db.put(31, 10, 0, [pointer(b"f", 30), pointer(b"m", 34)]),
        {("reached-twice", 31), ("level", 34)},
    ),
    "page with two parents": (
        lambda db: db.put(32, 10, PARENT_OF_LEAF, [pointer(b"s", 34), pointer(b"", 36)]),
        {("reached-twice", 32)},
    ),
    "leaf where a parent should be": (
        lambda db: db.put(30, 10, ROOT, [pointer(b"m", 31), pointer(b"", 36)], external=space(0, 1, 5, 37)),
        {("level", 36), ("sibling-link", 36), ("sibling-link", 34), ("orphan", 35)},
    ),
    "parent where a leaf should be": (
        lambda db: db.patch(30, 36, ROOT | PARENT_OF_LEAF),
        {("level", 31), ("level", 32)},
    ),
    "leaves of unequal depth": (
        lambda db: (
            stock_of_t(extent(39, 39), extent(41, 44), extent(50, 52))(db)
            and db.put(32, 10, 0, [pointer(b"", 40)]).put(
                40, 10, PARENT_OF_LEAF, [pointer(b"s", 35), pointer(b"", 36)]
            )
        ),
        {("level", 35), ("level", 36)},
    ),
    "parent chained to one before": (lambda db: db.patch(32, 16, 31), {("sibling-link", 32)}),
    "space trees out of the file": (
        lambda db: db.put(30, 10, ROOT, [pointer(b"m", 31), pointer(b"", 32)], external=space(0, 1, 5, 99)),
        {("page-outside", None)},
    ),
    "space tree with another objid": (lambda db: db.patch(37, 24, 99), {("foreign-page", None)}),
    "child pointer to a page of a tree that is gone": (
        lambda db: db.put(55, 99, LEAF, [(b"g", b"old")]).put(
            31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"m", 55)]
        ),
        {("foreign-page", 31)},
    ),
    "blank page": (lambda db: db.pages.pop(34), {("blank-page", 34)}),
    "empty leaf": (
        lambda db: db.put(34, 10, LEAF, [], chain=(33, 35)),
        {("empty-page", 34)},
    ),
    "emptied page": (lambda db: db.patch(34, 36, LEAF | 8), {("empty-page", 34)}),
    "emptied page without tags": (lambda db: db.bare(34, 10, LEAF | 8), {("empty-page", 34)}),
    "page prepared and without tags": (lambda db: db.bare(34, 10, 0x20000), {("empty-page", 34)}),
    "page prepared and never used": (lambda db: db.patch(34, 36, LEAF | 0x20000), {("empty-page", 34)}),
    "page owned by two parts": (
        lambda db: db.put(45, 11, ROOT | LEAF | INDEX, [], external=space(3, 30, 2, 0b01)),
        {("owned-twice", 45)},
    ),
    "page owned by two tables": (
        owned_by_t(extent(10, 11), extent(30, 52)),
        {("owned-twice", 37), ("available-in-use", 37)},
    ),
    "page owned without the parent": (
        lambda db: db.put(2, 1, ROOT | LEAF | SPACE, [extent(1, 49), extent(51, PAGES)], external=bytes(16)),
        {("not-owned", 37)},
    ),
    "page used and not owned": (
        owned_by_t(extent(30, 35), extent(37, 52)),
        {("not-owned", 36)},
    ),
    "page of a part used by its table": (
        lambda db: (
            db.put(45, 11, ROOT | LEAF | INDEX, [], external=space(2, 30, 2, 1))
            .put(32, 10, PARENT_OF_LEAF, [pointer(b"s", 46), pointer(b"", 36)])
            .put(46, 10, LEAF, [(b"mna", record())], chain=(34, 36))
            .patch(34, 20, 46)
            .patch(36, 16, 46)
        ),
        {("not-owned", 46), ("available-in-use", 46), ("orphan", 35)},
    ),
    "available page in use": (
        stock_of_t(extent(36, 36), extent(39, 44), extent(50, 52)),
        {("available-in-use", 36)},
    ),
    "page in use on the shelf of a table": (
        stock_of_t(extent(39, 44), extent(50, 52), (b"\x82" + pack(">I", 36), pack("<I", 1))),
        {("available-in-use", 36)},
    ),
    "page of a space tree in stock": (
        stock_of_t(extent(38, 44), extent(50, 52)),
        {("available-in-use", 38)},
    ),
    "owned page in stock elsewhere": (
        lambda db: db.put(3, 1, ROOT | LEAF | SPACE, [extent(12, 24), extent(29, 29), extent(53, PAGES)]),
        {("available-in-use", 24)},
    ),
    "page in stock twice": (
        lambda db: db.put(
            38, 10, ROOT | LEAF | SPACE, [extent(39, 44), extent(50, 52)], external=pack("<IIII", 44, 2, 0, 0)
        ),
        {("available-twice", 38)},
    ),
    "stock that is not owned": (
        stock_of_t(extent(39, 44), extent(50, 53)),
        {("available-not-owned", 38), ("available-twice", 38)},
    ),
    "table's pages beyond the file": (owned_by_t(extent(30, 52), extent(61, 70)), {("page-outside", 37)}),
    "stock beyond the file": (
        stock_of_t(extent(39, 44), extent(50, 52), extent(61, 70)),
        {("page-outside", 38)},
    ),
    "owned pages beyond the file": (
        lambda db: db.put(2, 1, ROOT | LEAF | SPACE, [extent(1, 99)], external=bytes(16)),
        {("page-outside", 2)},
    ),
    "page that nothing leads to": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"m", 33)]).patch(33, 20, 35).patch(35, 16, 33),
        {("orphan", 34)},
    ),
    "parent page in the space header": (
        lambda db: db.put(45, 11, ROOT | LEAF | INDEX, [], external=space(2, 4, 2, 1)),
        {("space-header", 45)},
    ),
    "catalog that leads to another object's page": (
        lambda db: db.catalog(*MSYS, TABLE, entry(10, 3, 11, 47, "I"), LONG_VALUES),
        {("catalog-entry", 47)},
    ),
    "catalog that has another objid": (
        lambda db: db.catalog(*MSYS, TABLE, entry(10, 3, 98, 45, "I"), LONG_VALUES),
        {("catalog-entry", 45)},
    ),
    "catalog that leads to no root": (
        lambda db: db.patch(45, 36, LEAF | INDEX),
        {("catalog-entry", 45)},
    ),
    "catalog that leads to a tree of another kind": (
        lambda db: db.patch(45, 36, ROOT | LEAF),
        {("catalog-entry", 45)},
    ),
    "catalog that leads to one tree twice": (
        lambda db: db.catalog(*MSYS, TABLE, INDEX_I, entry(10, 3, 11, 45, "J"), LONG_VALUES),
        {("catalog-entry", 45)},
    ),
    "catalog that leads out of the file": (
        lambda db: db.catalog(*MSYS, TABLE, entry(10, 3, 11, 61, "I"), LONG_VALUES),
        {("catalog-entry", None)},
    ),
    "index without a table": (
        lambda db: db.catalog(*MSYS, TABLE, INDEX_I, LONG_VALUES, entry(99, 3, 98, 45, "J")),
        {("catalog-entry", 4)},
    ),
    "table filed under another": (
        lambda db: db.catalog(*MSYS, entry(11, 1, 10, 30, "T"), INDEX_I, LONG_VALUES),
        {("catalog-entry", 4)},
    ),
    "shadow with fewer records": (
        lambda db: db.put(24, 3, ROOT | LEAF, [(b"1", TABLE)], external=space(5, 1, 0, 0b1111)),
        {("catalog-shadow", 24)},
    ),
    "no shadow": (
        lambda db: db.catalog(MSYS[0], TABLE, INDEX_I, LONG_VALUES),
        {("catalog-shadow", 24)},
    ),
    "missing long value": (
        values(VALUE_1, PART_1, PART_2, PART_3),
        {("long-value-missing", 34), ("long-value-missing", 36)},
    ),
    "long values without a tree": (
        lambda db: db.catalog(*MSYS, TABLE, INDEX_I),
        {("long-value-missing", 33), ("long-value-missing", 34), ("long-value-missing", 36)},
    ),
    "part of a long value missing": (
        values(VALUE_1, PART_1, PART_3, VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "last part of a long value missing": (
        values(VALUE_1, PART_1, PART_2, VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "end of the last long value missing": (
        values(VALUE_1, PART_1, PART_2, PART_3, VALUE_2),
        {("long-value", 47)},
    ),
    "part of a long value too long": (
        values(VALUE_1, PART_1, PART_2, (pack(">II", 1, 200), bytes(51)), VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "part too short to be what it says": (
        values(VALUE_1, PART_1, (pack(">II", 1, 100), bytes(99)), PART_3, VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "packed part of another size": (
        values(VALUE_1, PART_1, (pack(">II", 1, 100), b"\x18\x63\0"), PART_3, VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "packed part that is longer than unpacked": (
        values(VALUE_1, PART_1, (pack(">II", 1, 100), b"\x18\x64\0" + bytes(98)), PART_3, VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "value whose flags do not say encrypted": (
        values(
            (pack(">I", 1), pack("<IIB", 2, 250, 2)),
            PART_1,
            (pack(">II", 1, 100), bytes(120)),
            VALUE_2,
            PART_OF_2,
        ),
        {("long-value", 47)},
    ),
    "key of no length that long values have": (
        values(VALUE_1, PART_1, PART_2, PART_3, (pack(">IIH", 1, 250, 0), b"x"), VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "part behind the end of its long value": (
        values(VALUE_1, PART_1, PART_2, PART_3, (pack(">II", 1, 250), b"more"), VALUE_2, PART_OF_2),
        {("long-value", 47)},
    ),
    "part without a root": (
        values(VALUE_1, PART_1, PART_2, PART_3, VALUE_2, PART_OF_2, (pack(">II", 3, 0), b"x")),
        {("long-value", 47)},
    ),
    "root of another size": (
        values((pack(">I", 1), b"short"), VALUE_2, PART_OF_2),
        {("long-value", 47), ("long-value-missing", 33), ("long-value-missing", 36)},
    ),
    "key of no long value": (
        values(VALUE_1, PART_1, PART_2, PART_3, VALUE_2, PART_OF_2, (b"\x03zz", b"x")),
        {("long-value", 47)},
    ),
}
