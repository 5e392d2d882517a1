from __future__ import annotations

import pytest

from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import Namespace, Type, file_name, resident
from orchestrator.hosts.emulated_exchange.emulator.ntfs.records import Seal, file_record
from orchestrator.verify.raw import name_table
from orchestrator.verify.raw.name_table import NameTable, TooManyRecords
from orchestrator.verify.raw.names import folded
from orchestrator.verify.raw.records import file_names, resident_values, unsealed
from tests.orchestrator.verify.sources import MemoryFile

FOLDER = 3 << 48 | 30


def record(
    number: int, *names: tuple[int, str, int], in_use: bool = True, base: int = 0, sequence: int = 1
) -> bytes:
    """A record with names: (folder, name, kind)."""
    attributes = [resident(Type.FILE_NAME, named(*each), at) for at, each in enumerate(names)]
    made = bytearray(file_record(number, sequence, int(in_use), attributes, 1024, Seal()))
    made[32:40] = base.to_bytes(8, "little")
    return bytes(made)


def named(folder: int, name: str, kind: int) -> bytes:
    value = bytearray(file_name(folder, name, 0, Namespace.WIN32))
    value[65] = kind
    return bytes(value)


def table(*records: bytes) -> NameTable:
    return NameTable(MemoryFile(b"".join(records)), 1024)


def test_names_are_found_by_their_folder() -> None:
    found = table(record(0, (FOLDER, "a", 1)), record(1, (5, "b", 1)), record(2, (FOLDER, "c", 0)))
    assert list(found.names_in(FOLDER)) == [("a", 0), ("c", 2)]
    assert list(found.names_in(5)) == [("b", 1)]
    assert list(found.names_in(77)) == []


def test_the_short_name_of_a_long_one_is_no_other_file() -> None:
    found = table(record(0, (FOLDER, "longer name", 1), (FOLDER, "LONGER~1", 2), (FOLDER, "SHORT", 3)))
    assert list(found.names_in(FOLDER)) == [("longer name", 0), ("SHORT", 0)]


def test_a_file_may_have_names_in_several_folders() -> None:
    found = table(record(0, (FOLDER, "one", 1), (5, "two", 1), (FOLDER, "three", 1)))
    assert list(found.names_in(FOLDER)) == [("one", 0), ("three", 0)]
    assert list(found.names_in(5)) == [("two", 0)]


def test_a_name_in_an_additional_record_is_one_of_the_file_itself() -> None:
    found = table(record(0), record(1, (FOLDER, "far", 1), base=1 << 48 | 27))
    assert list(found.names_in(FOLDER)) == [("far", 27)]


def test_names_in_records_not_in_use_or_of_a_folder_since_deleted_do_not_count() -> None:
    found = table(
        record(0, (FOLDER, "deleted", 1), in_use=False), record(1, (2 << 48 | 30, "orphan", 1)), bytes(1024)
    )
    assert list(found.names_in(FOLDER)) == []
    assert found.damaged_count == 0


def test_the_reference_of_a_record_has_its_sequence() -> None:
    assert table(record(0), record(1, sequence=7)).reference_of(1) == 7 << 48 | 1
    assert table(bytes(1024)).reference_of(0) == 0


def test_records_that_were_not_wholly_written_are_counted() -> None:
    torn = record(0, (5, "a", 1))[:-1] + b"\xee"
    bad = b"BAAD" + torn[4:]
    found = table(*[torn] * 25, bad)
    assert (found.damaged_count, found.damaged) == (26, list(range(20)))
    assert list(found.names_in(5)) == []


def test_a_table_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_table, "MOST_RECORDS", 2)
    assert list(table(record(0), record(1)).names_in(5)) == []
    with pytest.raises(TooManyRecords, match="3,072 bytes"):
        table(record(0), record(1), record(2))


@pytest.mark.parametrize("chunk", [1024, 2048, 5000])
def test_a_table_is_read_in_pieces(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_table, "CHUNK_BYTES", chunk)
    found = table(*(record(number, (5, f"n{number}", 1)) for number in range(9)), b"FILE" + bytes(500))
    assert [number for _, number in found.names_in(5)] == list(range(9))


def test_odd_attributes_end_a_record() -> None:
    whole = unsealed(record(0, (5, "a", 1), (5, "b", 1)))
    assert whole is not None
    assert [one.name for one in file_names(whole)] == ["a", "b"]
    first = whole[20]
    for length in (0, 8, 0xFFFFFFF0):
        odd = whole[: first + 4] + length.to_bytes(4, "little") + whole[first + 8 :]
        assert len(list(resident_values(odd, 0x30))) <= 1
    assert list(file_names(whole[: first + 16] + b"\x05" + whole[first + 17 :])) == [(5, "b")]
    assert list(file_names(whole[: first + 8] + b"\x01" + whole[first + 9 :])) == [(5, "b")]
    lone = whole.replace("b".encode("utf-16-le"), b"\0\xd8")
    assert [one.name for one in file_names(lone)][1] == "\\x00\\xd8"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("E00.log", "e00.LOG", True),
        ("größe", "GRÖßE", True),
        ("Straße", "STRASSE", False),
        ("ﬁle", "FILE", False),
        ("\N{MICRO SIGN}", "\N{GREEK CAPITAL LETTER MU}", False),
        ("\N{LATIN SMALL LETTER DOTLESS I}", "I", False),
        ("a", "b", False),
    ],
)
def test_names_that_differ_in_case_only_are_the_same(one: str, other: str, same: bool) -> None:
    assert (folded(one) == folded(other)) is same
