"""Damages to single pages of a forged database, and what has to be found."""

from __future__ import annotations

from struct import pack
from typing import Final

from tests.orchestrator.ese.logical.damage import (
    INDEX_I,
    LONG_VALUES,
    MSYS,
    TABLE,
    Damage,
    Expected,
    leaf,
    owned_by_t,
    stock_of_t,
)
from tests.orchestrator.ese.logical.forge import (
    INDEX,
    LEAF,
    PARENT_OF_LEAF,
    ROOT,
    SPACE,
    extent,
    pointer,
    record,
    shared,
    space,
)

INSIDE: Final[dict[str, tuple[Damage, Expected]]] = {
    "free bytes counted wrong": (lambda db: db.patch(33, 28, 1000, 2), {("page-space", 33)}),
    "more bytes not committed than free": (lambda db: db.patch(33, 30, 0xFFFF, 2), {("page-space", 33)}),
    "tag beyond the page": (lambda db: db.tag(33, 1, offset=4090), {("tags", 33)}),
    "tag in the free bytes": (lambda db: db.patch(33, 32, 10, 2), {("tags", 33)}),
    "tag without bytes": (lambda db: db.tag(33, 2, size=0), {("tags", 33)}),
    "tags overlap": (lambda db: db.tag(33, 2, offset=1), {("tags-overlap", 33)}),
    "more tags than fit": (lambda db: db.patch(33, 34, 0xFFF, 2), {("tags", 33)}),
    "no tag at all": (lambda db: db.patch(33, 34, 0, 2), {("tags", 33)}),
    "prefix longer than the shared key": (
        lambda db: db.put(
            35, 10, LEAF, [shared(3, b"a", record())], external=b"mn", chain=(34, 36), marks={0: 4}
        ),
        {("prefix", 35)},
    ),
    "a root shares no key": (
        lambda db: db.put(
            45, 11, ROOT | LEAF | INDEX, [shared(1, b"", b"1")], external=space(2, 30, 2, 1), marks={0: 4}
        ),
        {("prefix", 45)},
    ),
    "key longer than its node": (
        lambda db: db.put(33, 10, LEAF, [pack("<H", 99) + b"short"], chain=(0, 34)),
        {("node", 33)},
    ),
    "node without data": (leaf((b"a", b"")), {("node", 33)}),
    "keys out of order": (leaf((b"c", record()), (b"a", record(1))), {("key-order", 33)}),
    "the same key twice": (leaf((b"a", record()), (b"a", record(1))), {("key-order", 33)}),
    "data out of order where keys repeat": (
        lambda db: db.put(
            45, 11, ROOT | LEAF | INDEX, [(b"x", b"2"), (b"x", b"1")], external=space(2, 30, 2, 1)
        ),
        {("key-order", 45)},
    ),
    "parent whose keys are out of order": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"n", 33), pointer(b"m", 34)]),
        {("key-order", 31), ("key-range", 34)},
    ),
    "pointer that is none": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), (b"m", b"12345")]),
        {("node", 31)},
    ),
    "pointer without a key in the middle": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"", 33), pointer(b"m", 34)]),
        {("node", 31)},
    ),
    "deleted pointer": (
        lambda db: db.put(31, 10, PARENT_OF_LEAF, [pointer(b"f", 33), pointer(b"m", 34)], marks={0: 2}),
        {("node", 31)},
    ),
    "parent of nothing": (lambda db: db.put(31, 10, PARENT_OF_LEAF, []), {("node", 31)}),
    "record cut short": (leaf((b"a", record()[:5])), {("record", 33)}),
    "record with tagged columns out of order": (
        leaf((b"a", record()), (b"c", record(1).replace(pack("<H", 0x4004), pack("<H", 0x4007)))),
        {("record", 33)},
    ),
    "record of the catalog and its shadow cut short": (
        lambda db: db.catalog(*MSYS, TABLE, INDEX_I, LONG_VALUES, b"junk"),
        {("record", 4), ("record", 24)},
    ),
    "run of pages that is none": (
        lambda db: stock_of_t((b"key", b"data"))(db) and db.put(44, 10, LEAF, [(b"a", b"was in stock")]),
        {("extent", 38)},
    ),
    "owned run that is none": (owned_by_t((b"key", b"data")), {("extent", 37)}),
    "split buffer that makes no sense": (
        lambda db: db.put(
            38, 10, ROOT | LEAF | SPACE, [extent(39, 44), extent(50, 52)], external=pack("<IIII", 3, 9, 0, 0)
        ),
        {("space-header", 38)},
    ),
    "runs that overlap": (stock_of_t(extent(39, 44), extent(42, 52)), {("extent", 38)}),
    "root whose tags cannot be read": (lambda db: db.tag(45, 1, offset=4090), {("tags", 45)}),
    "no space header": (
        lambda db: db.put(45, 11, ROOT | LEAF | INDEX, [(b"x", b"1")], external=b"header"),
        {("space-header", 45)},
    ),
    "space header without a page": (
        lambda db: db.put(45, 11, ROOT | LEAF | INDEX, [], external=space(0, 30, 2, 0)),
        {("space-header", 45)},
    ),
    "long values that cannot be read": (lambda db: db.tag(47, 1, offset=4090), {("tags", 47)}),
    "no split buffer": (
        lambda db: db.put(38, 10, ROOT | LEAF | SPACE, [extent(39, 44), extent(50, 52)], external=b"odd"),
        {("space-header", 38)},
    ),
}
