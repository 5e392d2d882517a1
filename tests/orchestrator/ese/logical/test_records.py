"""Records whose parts do not hold together are told from those that do."""

from __future__ import annotations

from struct import pack

import pytest

from orchestrator.ese.logical.catalog import Entry, read_entry
from orchestrator.ese.logical.records import first_variable, fixed_part, long_values, tagged_at
from tests.orchestrator.ese.logical.forge import entry, record


def made(fixed_last: int, variable_last: int, fixed_end: int, rest: bytes) -> bytes:
    return bytes([fixed_last, variable_last]) + pack("<H", fixed_end) + rest


def test_the_parts_of_a_sound_record_are_found() -> None:
    whole = record(7)
    assert fixed_part(whole) == (1, b"fixd\0")
    assert first_variable(whole) == b"var"
    assert long_values(whole[tagged_at(whole) :], large=False) == [pack("<I", 7)]
    assert tagged_at(made(0, 127, 4, b"")) == 4
    assert first_variable(made(0, 127, 4, b"\1\0x")) == b""
    assert tagged_at(made(0, 129, 4, pack("<HH", 0x8000, 2) + b"ab")) == 10  # the first is null


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\1\x80\4",
        made(128, 127, 4, b""),
        made(1, 126, 6, bytes(9)),
        made(1, 127, 3, bytes(9)),
        made(1, 128, 4, b""),
        made(1, 129, 4, pack("<HH", 3, 2) + bytes(9)),
        made(1, 128, 4, pack("<H", 9) + bytes(8)),
    ],
)
def test_a_record_that_does_not_hold_together_has_no_parts(broken: bytes) -> None:
    assert tagged_at(broken) is None
    assert read_entry(broken) is None


@pytest.mark.parametrize(
    "broken",
    [
        b"\0\1\4",
        pack("<HH", 256, 0),
        pack("<HH", 256, 6) + b"xx",
        pack("<HH", 256, 8),
        pack("<HHHH", 256, 8, 257, 9),
        pack("<HHHHHH", 256, 12, 257, 14, 258, 13) + b"abc",
        pack("<HHHHHH", 256, 12, 257, 0x4000 + 100, 258, 200) + b"abc",  # behind the end, and the next too
        pack("<HH", 255, 4) + b"a",
        pack("<HH", 256, 0x4004) + b"\x09" + b"x",
        pack("<HH", 256, 0x4004) + b"\x09" + pack("<H", 0) + b"xx",
        pack("<HH", 256, 0x4004) + b"\x09" + pack("<H", 3) + b"xx",
        pack("<HH", 256, 0x4004) + b"\x09" + pack("<H", 8) + b"xx",
        pack("<HH", 256, 0x4004) + b"\x09" + pack("<HHH", 6, 9, 7) + b"xxx",
    ],
)
def test_tagged_columns_that_do_not_hold_together_have_no_long_values(broken: bytes) -> None:
    assert long_values(broken, large=False) is None


@pytest.mark.parametrize(
    ("tagged", "large", "ids"),
    [
        (b"", False, []),
        (pack("<HH", 256, 4) + b"plain", False, []),
        (pack("<HH", 256, 0x4004) + b"\x05\7\0\0\0", False, [b"\7\0\0\0"]),
        (pack("<HH", 256, 0x4004) + b"\x01inside", False, []),
        (pack("<HH", 256, 0x4004) + b"\x04\7\0\0\0", False, []),  # separated, and no long value
        (pack("<HH", 256, 4) + b"\x05\7\0\0\0", True, [b"\7\0\0\0"]),  # in large pages all have a header
        (pack("<HH", 256, 4), True, []),
        (pack("<HH", 256, 0x4004), False, []),
        (pack("<HH", 256, 0x2004), False, []),  # null
    ],
)
def test_only_separated_long_values_are_referred_to(tagged: bytes, large: bool, ids: list[bytes]) -> None:
    assert long_values(tagged, large=large) == ids


def test_the_length_of_parts_stands_in_the_twelfth_column_unless_that_is_null_or_not_there() -> None:
    whole = entry(10, 1, 10, 30, "T\x07", 4050)
    assert read_entry(whole) == Entry(10, 1, 10, 30, "T?", 4050)
    null_bits = 4 + 39
    null = whole[: null_bits + 1] + b"\x08" + whole[null_bits + 2 :]
    assert read_entry(null) == Entry(10, 1, 10, 30, "T?", 0)
    short = made(4, 127, 19, pack("<IHII", 10, 1, 10, 30) + b"\0")
    assert read_entry(short) == Entry(10, 1, 10, 30, "", 0)
    assert read_entry(made(2, 127, 11, bytes(7))) is None
    assert read_entry(entry(10, 2, 1, 4, "a column")) == Entry(10, 2, 1, 4, "", 0)
