"""What is legal is not reported, and what could not be looked at is said once."""

from __future__ import annotations

from struct import pack

import pytest

from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.logical import findings as findings_module
from orchestrator.ese.logical import orphans as orphans_module
from orchestrator.ese.logical import tree as tree_module
from orchestrator.ese.logical import walk
from orchestrator.ese.reports import DatabaseState
from orchestrator.model.verification import ContentFinding, Severity
from tests.ese_samples import sample
from tests.orchestrator.ese.logical.forge import (
    INDEX,
    LEAF,
    PAGES,
    PARENT_OF_LEAF,
    ROOT,
    SPACE,
    Forge,
    entry,
    extent,
    found,
    node,
    pointer,
    record,
    space,
)

SMALL = (
    "dbs/catalog1-4k-win81-clean.edb",
    "dbs/decompress-8k-clean.edb",
    "dbs/qmgr-win11-16k-dirty.db",
    "dbs/srudb-4k-garbage-tail.dat.gz",
    "dbs/temp-8k-justcreated.edb",
    "dbs/ual-current-4k-dirty.mdb",
    "srum-win10-clean/SRUDB.dat",
    "srum-win11-dirty/SRUDB.dat",
    "synthetic-e2003/priv1.edb",
)


def walk_sample(name: str) -> tuple[ContentFinding, ...]:
    data = sample(name)
    header = read_header_pair(data[:65536], name).header
    assert header is not None
    size = header.page_size

    def read(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    return walk(read, header, name, len(data) // size - 2)


@pytest.mark.parametrize("name", [*SMALL, pytest.param("dbs/large-32k-clean.edb.gz", marks=pytest.mark.many)])
def test_a_sound_sample_has_no_error(name: str) -> None:
    findings = walk_sample(name)
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    if "clean" in name or "tail" in name:
        assert findings == ()
    elif "win11-dirty/" in name:  # caught between two writes: ten pages are neither in a tree nor in stock
        assert found(findings) == {("warning", "lost-room", 63)}
    else:
        assert found(findings) == set()
        assert [one.code for one in findings] == ["ese.logical-not-checked"]


@pytest.mark.parametrize("size", [2048, 4096, 8192, 16384, 32768])
def test_a_sound_database_of_any_page_size_has_no_finding(size: int) -> None:
    assert Forge(size).walk() == ()


@pytest.mark.parametrize("number", sorted(Forge().pages))
def test_a_page_that_cannot_be_read_is_told_once_and_is_no_error_of_the_trees(number: int) -> None:
    database = Forge()
    findings = database.walk(read=lambda one: None if one == number else database.read(one))
    assert sum(one.code == "ese.logical-page-not-read" for one in findings) == 1
    assert found(findings) == {("warning", "page-not-read", number)}
    assert any("could not be walked to their end" in one.text for one in findings)


def test_a_page_of_a_wrong_length_counts_as_one_that_cannot_be_read() -> None:
    database = Forge()
    findings = database.walk(read=lambda one: database.read(one)[:100] if one == 34 else database.read(one))
    assert ("warning", "page-not-read", 34) in found(findings)


def test_pages_of_any_kind_of_buffer_are_taken() -> None:
    database = Forge()
    assert database.walk(read=lambda number: memoryview(bytearray(database.read(number)))) == ()  # type: ignore[arg-type,return-value] # readers hand out slices of their buffers


def test_deleted_nodes_say_nothing() -> None:
    database = Forge()
    database.put(33, 10, LEAF, [(b"a", b"junk"), (b"c", record(1))], chain=(0, 34), marks={0: 2})
    database.put(
        38,
        10,
        ROOT | LEAF | SPACE,
        [extent(36, 36), extent(39, 44), extent(50, 52)],
        external=bytes(16),
        marks={0: 2},
    )
    assert database.walk() == ()


def test_a_split_buffer_may_hold_pages_straight_from_the_parent() -> None:
    database = Forge()
    database.put(3, 1, ROOT | LEAF | SPACE, [extent(12, 23), extent(29, 29), extent(55, PAGES)])
    database.put(37, 10, ROOT | LEAF | SPACE, [extent(30, 52)], external=pack("<IIII", 54, 2, 44, 1))
    database.put(38, 10, ROOT | LEAF | SPACE, [extent(39, 43), extent(50, 52)], external=bytes(16))
    assert database.walk() == ()


def test_the_last_key_of_a_tree_need_not_be_empty() -> None:
    database = Forge()
    database.put(32, 10, PARENT_OF_LEAF, [pointer(b"s", 35), pointer(b"zz", 36)])
    assert database.walk() == ()


@pytest.mark.parametrize("offset", [4000, 3])
def test_an_external_header_without_bytes_lies_anywhere(offset: int) -> None:
    assert Forge().tag(33, 0, offset=offset).walk() == ()


def test_stock_of_a_special_pool_has_a_longer_key() -> None:
    database = Forge()
    pooled = (b"\x81" + pack(">I", 44), pack("<I", 6))
    database.put(38, 10, ROOT | LEAF | SPACE, [extent(50, 52), pooled], external=bytes(16))
    assert database.walk() == ()


def test_shelved_pages_may_lie_behind_the_end_of_a_shortened_file() -> None:
    database = Forge()
    shelved = (b"\x82" + pack(">I", 70), pack("<I", 10))
    stock = [extent(12, 23), extent(29, 29), extent(53, PAGES), shelved]
    database.put(3, 1, ROOT | LEAF | SPACE, stock, external=bytes(16))
    database.put(2, 1, ROOT | LEAF | SPACE, [extent(1, PAGES)], external=bytes(16))
    database.put(37, 10, ROOT | LEAF | SPACE, [extent(30, 52), extent(61, 70)], external=bytes(16))
    assert database.walk() == ()


def test_a_space_tree_may_have_runs_of_no_pages() -> None:
    database = Forge()
    empty = (pack(">I", 51), pack("<I", 0))
    database.put(
        38,
        10,
        ROOT | LEAF | SPACE,
        [extent(39, 44), empty, extent(52, 52)],
        external=pack("<IIII", 51, 2, 0, 0),
    )
    assert database.walk() == ()


def test_a_space_header_may_be_followed_by_a_counter() -> None:
    database = Forge()
    header = b"\x03" + space(2, 30, 2, 1) + bytes(8)
    database.put(45, 11, ROOT | LEAF | INDEX, [(b"x", b"1")], external=header)
    assert database.walk() == ()


def test_a_page_may_have_more_reserved_tags_than_one() -> None:
    database = Forge()
    lines = [b"", node(b"a", record()), node(b"c", record(1))]
    database.put(33, 10, LEAF, lines, chain=(0, 34))
    database.patch(33, 34, 2 << 12 | 4, 2)
    assert database.walk() == ()


def test_a_database_without_a_shadow_says_so_in_its_header() -> None:
    database = Forge()
    database.put(24, 3, ROOT | LEAF, [], external=space(5, 1, 0, 0b1111))
    assert found(database.walk()) == {("error", "catalog-shadow", 24)}
    assert database.walk(fields=(("ulDbFlags", "0x00000001"),)) == ()


def test_pages_left_behind_are_lost_room_unless_their_owner_misses_them() -> None:
    database = Forge()
    database.put(38, 10, ROOT | LEAF | SPACE, [extent(39, 40), extent(51, 52)], external=bytes(16))
    database.put(42, 99, LEAF, [(b"a", b"of a tree that is gone")])
    database.put(43, 10, LEAF | 8, [(b"a", b"emptied")])
    database.put(44, 10, LEAF, [(b"a", b"deleted")], marks={0: 2})
    findings = database.walk()
    assert found(findings) == {("warning", "lost-room", 41)}
    assert "5 pages" in findings[0].text
    assert "first 41" in findings[0].text


def test_pages_left_behind_are_only_counted_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans_module, "LOOKED_AT", 2)
    database = Forge()
    database.put(38, 10, ROOT | LEAF | SPACE, [extent(39, 40)], external=bytes(16))
    database.put(44, 10, LEAF, [(b"a", b"not looked at any more")])
    findings = database.walk()
    assert found(findings) == {("warning", "lost-room", 41)}
    assert "7 pages" in findings[0].text


def test_a_table_that_a_revert_deleted_in_part_is_not_walked() -> None:
    database = Forge()
    database.patch(30, 36, ROOT | 0x40000)
    database.pages.pop(31)
    findings = database.walk()
    assert found(findings) == set()
    assert any("half deleted" in one.text for one in findings)


def test_maps_of_a_streaming_file_are_not_walked_and_that_is_said() -> None:
    database = Forge()
    database.put(3, 1, ROOT | LEAF | SPACE, [extent(12, 23), extent(53, PAGES)], external=bytes(16))
    assert found(database.walk()) == {("warning", "lost-room", 29)}
    database.catalog(
        entry(2, 1, 2, 4, "MSysObjects"),
        entry(3, 1, 3, 24, "MSysObjectsShadow"),
        entry(3, 6, 13, 29, "SLVAvail"),
        entry(10, 1, 10, 30, "T"),
        entry(10, 3, 11, 45, "I"),
        entry(10, 4, 12, 47, "LV"),
    )
    findings = database.walk()
    assert found(findings) == set()
    assert any("streaming file" in one.text for one in findings)


def test_what_has_no_trees_is_not_walked() -> None:
    for header in ({"streaming": True}, {"file_type": 2}, {"file_type": 5}, {"page_size": 1234}):
        findings = Forge().walk(read=lambda _: pytest.fail("read"), **header)
        assert [one.code for one in findings] == ["ese.logical-not-checked"]
    findings = Forge().walk(read=lambda _: pytest.fail("read"), state=DatabaseState.JUST_CREATED)
    assert [one.code for one in findings] == ["ese.logical-not-checked"]


def test_progress_counts_every_page_read_and_can_stop_the_walk() -> None:
    class Stopped(Exception):
        pass

    database, pages = Forge(), 0

    def advance(more: int) -> None:
        nonlocal pages
        pages += more
        if pages > 20:
            raise Stopped

    data = sample("dbs/decompress-8k-clean.edb")
    header = read_header_pair(data[:65536], "x").header
    assert header is not None
    with pytest.raises(Stopped):
        walk(lambda number: data[(number + 1) * 8192 : (number + 2) * 8192], header, "x", 254, advance)
    assert pages == 21
    assert database.walk() == ()


def test_findings_are_bounded_and_warnings_never_push_out_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings_module, "FINDINGS_KEPT", 2)
    database = Forge()
    for number in (33, 34, 35, 36):
        database.patch(number, 28, 1000, 2)  # an error each
        database.patch(number, 24, 10 + number)  # a warning each, since the database is dirty
    findings = database.walk(state=DatabaseState.DIRTY_SHUTDOWN)
    severities = [one.severity for one in findings]
    assert severities == [Severity.ERROR] * 2 + [Severity.WARNING] * 2 + [Severity.INFO] * 2
    assert findings[-1].code == "ese.logical-left-out"
    assert findings[-1].text.startswith("4 more")


def test_a_tree_deeper_than_any_can_be_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_DEPTH", 1)
    assert ("error", "level", 33) in found(Forge().walk())


@pytest.mark.parametrize("target", [45, 0, 55])
def test_a_tree_that_leads_astray_too_often_is_given_up(monkeypatch: pytest.MonkeyPatch, target: int) -> None:
    monkeypatch.setattr(tree_module, "STRAY_POINTERS", 3)
    database = Forge().put(55, 99, LEAF, [(b"a", b"of a tree that is gone")])
    strays = [pointer(bytes([one]), target) for one in range(1, 50)]
    database.put(32, 10, PARENT_OF_LEAF, [*strays, pointer(b"", 36)])
    findings = database.walk()
    assert sum(one.severity is Severity.ERROR for one in findings) < 12
    assert any("leads astray too often" in one.text for one in findings)


def test_pages_that_cannot_be_read_do_not_lead_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "STRAY_POINTERS", 0)
    database = Forge()
    findings = database.walk(read=lambda one: None if one in {33, 34, 35} else database.read(one))
    assert [one.place.number for one in findings if one.code == "ese.logical-page-not-read"] == [33, 34, 35]
    assert not any("leads astray" in one.text for one in findings)


def test_records_of_the_catalog_that_cannot_be_seen_hide_nothing_else() -> None:
    database = Forge()
    msys = (entry(2, 1, 2, 4, "MSysObjects"), entry(3, 1, 3, 24, "MSysObjectsShadow"))
    lines = [(pack(">I", i), one) for i, one in enumerate([*msys, entry(10, 1, 10, 30, "T")])]
    rest = [(pack(">I", 9), entry(10, 3, 11, 45, "I")), (pack(">I", 10), entry(10, 4, 12, 47, "LV"))]
    for bad in ("first", "middle", "last"):
        tree = [pointer(pack(">I", 3), 5), pointer(pack(">I", 9), 6), pointer(b"", 7)]
        database.put(4, 2, ROOT | PARENT_OF_LEAF, tree, external=space(8, 1, 0, 0b1111000))
        database.put(5, 2, LEAF, lines, chain=(0, 6))
        database.put(6, 2, LEAF, [(pack(">I", 5), entry(10, 2, 1, 4, "C"))], chain=(5, 7))
        database.put(7, 2, LEAF, rest, chain=(6, 0))
        number = {"first": 5, "middle": 6, "last": 7}[bad]
        findings = database.walk(read=lambda one, gone=number: None if one == gone else database.read(one))  # type: ignore[misc] # a default binds the loop's value
        assert [one for one in findings if one.severity is Severity.ERROR] == []
