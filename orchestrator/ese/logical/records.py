"""The layout of a record, as far as needed to find what it keeps in its table's long-value tree.

Last fixed column, last variable column, u16 end of the fixed part | fixed columns, null bits | u16 ends of
the variable columns | these | u16 pairs (column, offset) of the tagged columns | these.
Source: ESE inc/rec.hxx, inc/tagfld.hxx.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

_HEADER: Final = Struct("<BBH")
_NO_VARIABLE: Final = 127  # columns 128 to 255 are variable ones, from 256 on tagged ones
_FIRST_TAGGED: Final = 256
_OFFSET: Final = 0x7FFF
_TAG: Final = 4

_SMALL_OFFSET: Final = (
    0x1FFF  # of a tagged column below 16 KiB; above it: 0x2000 null, 0x4000 has a header byte
)
_SMALL_HAS_HEADER: Final = 0x4000

_LONG: Final = 0x01  # bits of the header byte of a tagged column
_SEPARATED: Final = 0x04
_MANY: Final = 0x08
_SEPARATED_ONE: Final = 0x8000  # of the offset of one of many values


def tagged_at(data: bytes) -> int | None:
    """Return where the tagged columns of a record begin; None if the part before does not hold together."""
    if len(data) < _HEADER.size:
        return None
    fixed_last, variable_last, fixed_end = _HEADER.unpack_from(data)
    count = variable_last - _NO_VARIABLE
    start = fixed_end + 2 * count
    if fixed_last > _NO_VARIABLE or count < 0 or fixed_end < _HEADER.size or start > len(data):
        return None
    behind = 0
    for number in range(fixed_end, start, 2):
        end = (data[number] | data[number + 1] << 8) & _OFFSET
        if end < behind:
            return None
        behind = end
    return start + behind if start + behind <= len(data) else None


def fixed_part(data: bytes) -> tuple[int, bytes]:
    """Return the number of fixed columns of a sound record, and their bytes with the null bits."""
    fixed_last, _, fixed_end = _HEADER.unpack_from(data)
    return fixed_last, data[_HEADER.size : fixed_end]


def first_variable(data: bytes) -> bytes:
    """Return the first variable column of a sound record."""
    _, variable_last, fixed_end = _HEADER.unpack_from(data)
    if variable_last <= _NO_VARIABLE:
        return b""
    end = int.from_bytes(data[fixed_end : fixed_end + 2], "little") & _OFFSET
    start = fixed_end + 2 * (variable_last - _NO_VARIABLE)
    return data[start : start + end]


def long_values(tagged: bytes, *, large: bool) -> list[bytes] | None:
    """Return the ids of long values in the tagged columns, as stored; None if these do not hold together."""
    if not tagged:
        return []
    mask = _OFFSET if large else _SMALL_OFFSET
    if len(tagged) < _TAG:
        return None
    first = int.from_bytes(tagged[2:4], "little") & mask
    if first < _TAG or first % _TAG or first > len(tagged):
        return None
    words = Struct(f"<{first // 2}H").unpack_from(tagged)
    offsets = [word & mask for word in words[1::2]]
    offsets.append(len(tagged))
    found: list[bytes] = []
    for number, (column, word) in enumerate(zip(words[::2], words[1::2], strict=True)):
        start, end = offsets[number], offsets[number + 1]
        if not start <= end <= len(tagged) or column < _FIRST_TAGGED:
            return None
        if start < end and (large or word & _SMALL_HAS_HEADER):
            ids = _separated(tagged[start], tagged[start + 1 : end])
            if ids is None:
                return None
            found.extend(ids)
    return found


def _separated(header: int, value: bytes) -> list[bytes] | None:
    if not header & _LONG:
        return []
    if not header & _MANY:
        return [value] if header & _SEPARATED else []
    if len(value) < 2:
        return None
    first = int.from_bytes(value[:2], "little") & _OFFSET
    if first < 2 or first % 2 or first > len(value):
        return None
    words = Struct(f"<{first // 2}H").unpack_from(value)
    ends = [*(word & _OFFSET for word in words[1:]), len(value)]
    if any((word & _OFFSET) > end for word, end in zip(words, ends, strict=True)):
        return None
    return [
        value[word & _OFFSET : end] for word, end in zip(words, ends, strict=True) if word & _SEPARATED_ONE
    ]
