"""STORAGE_DEVICE_ID_DESCRIPTOR (page 83h) and the serial number of STORAGE_DEVICE_DESCRIPTOR (page 80h)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final
from uuid import UUID

# In canonical form, best first: as the survey of Linux hosts writes them, and arrays are asked for them.
_FORMS: Final = (
    re.compile(r"naa\.6[0-9a-f]{31}"),
    re.compile(r"eui\.([0-9a-f]{32}|[0-9a-f]{24}|[0-9a-f]{16})"),
    re.compile(r"naa\.[235][0-9a-f]{15}"),
    re.compile(r"uuid\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    re.compile(r"t10\..+"),
)
_NOTHING: Final = re.compile(r"[a-z0-9]+\.[0-]*")
_SERIAL: Final = re.compile(r"[!-~]([ -~]*[!-~])?")

# ntddstor.h: version, size, count; and for each identifier code set, type, its size, the way to the next one,
# association, then its bytes.
_HEAD: Final = struct.Struct("<III")
_IDENTIFIER: Final = struct.Struct("<IIHHI")
_BINARY: Final = 1
_T10, _EUI64, _NAA, _NAME, _UUID = 1, 2, 3, 8, 10  # SPC-4, 7.8.6.1
_SERIAL_OFFSET_AT: Final = 24  # in STORAGE_DEVICE_DESCRIPTOR


def lun_ids(device_ids: bytes, descriptor: bytes) -> tuple[str, ...]:
    """Return a disk's identities in canonical form, best first; nothing that is not known for sure.

    A serial number is unique to one maker at best, so it stands for itself only where there is nothing else.
    """
    found = [one.strip().lower() for one in _designators(device_ids)]
    known = tuple(
        one
        for form in _FORMS
        for one in dict.fromkeys(found)
        if form.fullmatch(one) and not _NOTHING.fullmatch(one)
    )
    return known or _serial(descriptor)


def _designators(answer: bytes) -> Iterator[str]:
    if len(answer) < _HEAD.size:
        return
    _, _, count = _HEAD.unpack_from(answer)
    at = _HEAD.size
    for _ in range(min(count, len(answer) // _IDENTIFIER.size)):
        if at + _IDENTIFIER.size > len(answer):
            return
        code_set, kind, size, onward, association = _IDENTIFIER.unpack_from(answer, at)
        value = answer[at + _IDENTIFIER.size : at + _IDENTIFIER.size + size]
        if association == 0 and len(value) == size:
            yield from _text_of(code_set == _BINARY, kind, value)
        if onward == 0:
            return
        at += onward


def _text_of(binary: bool, kind: int, value: bytes) -> Iterator[str]:
    if binary and kind in (_EUI64, _NAA):
        yield f"{'naa' if kind == _NAA else 'eui'}.{value.hex()}"
    elif kind == _T10:
        yield f"t10.{value.decode('ascii', 'replace').rstrip(chr(0))}"
    elif kind == _NAME and not binary:
        yield value.decode("utf-8", "replace").rstrip("\0")
    elif kind == _UUID and binary and len(value) == 18 and value[0] >> 4 == 1:
        yield f"uuid.{UUID(bytes=value[2:])}"


def _serial(descriptor: bytes) -> tuple[str, ...]:
    offset = int.from_bytes(descriptor[_SERIAL_OFFSET_AT : _SERIAL_OFFSET_AT + 4], "little")
    if not _SERIAL_OFFSET_AT < offset < len(descriptor):
        return ()
    text = descriptor[offset:].split(b"\0", 1)[0].decode("ascii", "replace").strip()
    known = _SERIAL.fullmatch(text) and not _NOTHING.fullmatch(f"serial.{text.lower()}")
    return (f"serial.{text}",) if known else ()
