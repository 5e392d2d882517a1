"""Long values: what is legal is not reported."""

from __future__ import annotations

from struct import pack

import pytest

from orchestrator.ese.logical import long_values as long_values_module
from orchestrator.model.verification import Severity
from tests.orchestrator.ese.logical.forge import (
    LEAF,
    LONG,
    PARENT_OF_LEAF,
    ROOT,
    Forge,
    entry,
    found,
    pointer,
    record,
    space,
)


def test_a_deleted_long_value_is_not_there() -> None:
    database = Forge()
    database.long_values((pack(">I", 1), pack("<II", 1, 0)), (pack(">I", 2), pack("<II", 1, 0)), marks={1: 2})
    assert ("error", "long-value-missing", 34) in found(database.walk())


@pytest.mark.parametrize("references", [0, 0xFFFFFFFF])
def test_a_long_value_that_is_being_deleted_need_not_be_whole(references: int) -> None:
    database = Forge()
    database.long_values((pack(">I", 1), pack("<II", references, 250)), (pack(">I", 2), pack("<II", 1, 0)))
    assert database.walk() == ()


def test_parts_of_an_encrypted_long_value_may_have_any_size() -> None:
    database = Forge()
    database.long_values(
        (pack(">I", 1), pack("<IIB", 1, 250, 1)),
        (pack(">II", 1, 0), bytes(120)),
        (pack(">II", 1, 100), bytes(120)),
        (pack(">II", 1, 200), bytes(64)),
        (pack(">I", 2), pack("<II", 1, 0)),
    )
    assert database.walk() == ()


def test_parts_of_a_long_value_may_be_packed_in_other_ways() -> None:
    database = Forge()
    database.long_values(
        (pack(">I", 1), pack("<II", 1, 80)),
        (pack(">II", 1, 0), b"\x08seven bits a letter"),
        (pack(">I", 2), pack("<II", 1, 0)),
    )
    assert database.walk() == ()


def test_long_values_with_ids_of_eight_bytes_are_found() -> None:
    database = Forge()
    high = 1 << 63
    database.long_values(
        (pack(">I", 1), pack("<II", 1, 0)),
        (pack(">I", 2), pack("<II", 1, 0)),
        (pack(">Q", high + 5), pack("<II", 1, 3)),
        (pack(">QI", high + 5, 0), b"abc"),
    )
    reference = b"\x05" + pack("<Q", high + 5)
    tagged = pack("<HH", 256, 0x4004) + reference
    database.put(33, 10, LEAF, [(b"a", record() + tagged), (b"c", record(1))], chain=(0, 34))
    assert database.walk() == ()


def test_one_of_many_values_can_be_a_long_one() -> None:
    database = Forge()
    many = pack("<HHH", 6, 10 | 0x8000, 14) + b"word" + pack("<I", 9) + b"last"
    tagged = pack("<HH", 256, 0x4004) + b"\x09" + many
    database.put(33, 10, LEAF, [(b"a", record() + tagged), (b"c", record(1))], chain=(0, 34))
    assert found(database.walk()) == {("error", "long-value-missing", 33)}


@pytest.mark.parametrize("gone", [None, 48, 49])
def test_a_long_value_may_go_on_in_a_page_that_cannot_be_read(gone: int | None) -> None:
    database = Forge()
    parents = [pointer(pack(">II", 1, 100), 48), pointer(b"", 49)]
    database.put(47, 12, ROOT | PARENT_OF_LEAF | LONG, parents, external=space(3, 30, 0, 0))
    first = [(pack(">I", 1), pack("<II", 1, 250)), (pack(">II", 1, 0), bytes(100))]
    second = [(pack(">II", 1, 100), bytes(100)), (pack(">II", 1, 200), bytes(50))]
    second.append((pack(">I", 2), pack("<II", 1, 0)))
    database.put(48, 12, LEAF | LONG, first, chain=(0, 49))
    database.put(49, 12, LEAF | LONG, second, chain=(48, 0))
    findings = database.walk(read=lambda one: None if one == gone else database.read(one))
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    assert bool(findings) == (gone is not None)
    if gone is not None:
        assert found(database.tag(gone, 1, offset=4090).walk()) == {("error", "tags", gone)}


def test_long_values_that_nobody_uses_are_lost_room() -> None:
    database = Forge()
    database.put(34, 10, LEAF, [(b"f", record()), (b"l", record())], chain=(33, 35))
    database.put(36, 10, LEAF, [(b"s", record()), (b"z", record())], chain=(35, 0))
    assert found(database.walk()) == {("warning", "long-value-unused", 30)}


def test_more_long_values_than_memory_is_given_to_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_values_module, "RUNS_KEPT", 1)
    database = Forge()
    database.long_values((pack(">I", 1), pack("<II", 1, 0)), (pack(">I", 9), pack("<II", 1, 0)))
    findings = database.walk()
    assert found(findings) == set()
    assert "too many long values" in findings[0].text


def test_a_tree_that_still_has_old_records_is_not_asked_for_their_layout() -> None:
    database = Forge()
    database.put(33, 10, LEAF, [(b"a", b"old"), (b"c", b"old")], chain=(0, 34))
    database.patch(33, 36, LEAF)
    assert database.walk() == ()


def test_long_values_of_an_old_format_are_not_compared() -> None:
    database = Forge()
    database.long_values((b"\1", b"unknown form"))
    assert found(database.walk(update_major=9)) == set()
    msys = (entry(2, 1, 2, 4, "MSysObjects"), entry(3, 1, 3, 24, "MSysObjectsShadow"))
    database.catalog(*msys, entry(10, 1, 10, 30, "T"), entry(10, 3, 11, 45, "I"))
    assert {code for _, code, _ in found(database.walk(update_major=9))} == {"lost-room"}


@pytest.mark.parametrize("size", [4096, 32768])
def test_parts_have_the_usual_length_where_the_catalog_tells_none(size: int) -> None:
    database = Forge(size)
    database.catalog(
        entry(2, 1, 2, 4, "MSysObjects"),
        entry(3, 1, 3, 24, "MSysObjectsShadow"),
        entry(10, 1, 10, 30, "T", 0),
        entry(10, 3, 11, 45, "I"),
        entry(10, 4, 12, 47, "LV"),
    )
    database.long_values(
        (pack(">I", 1), pack("<II", 1, 3000)),
        (pack(">II", 1, 0), bytes(3000)),
        (pack(">I", 2), pack("<II", 1, 0)),
    )
    assert database.walk() == ()
