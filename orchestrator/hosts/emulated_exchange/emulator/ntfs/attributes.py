"""Attributes of a record of the $MFT, as they lie on disk."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

# 2026-01-01 00:00 UTC as a FILETIME. The lab's files have no history: the same call writes the same bytes.
CREATED: Final = (1767225600 + 11644473600) * 10_000_000
SECURITY_ID: Final = 0x100

RESIDENT: Final = struct.Struct("<IIBBHHHIHBB")
NONRESIDENT: Final = struct.Struct("<IIBBHHHQQHHIQQQ")
INFORMATION: Final = struct.Struct("<4QIIIIIIQQ")
FILE_NAME: Final = struct.Struct("<Q4QQQIIBB")


class Type(IntEnum):
    """Attribute types, in the order in which a record holds them."""

    STANDARD_INFORMATION = 0x10
    FILE_NAME = 0x30
    VOLUME_NAME = 0x60
    VOLUME_INFORMATION = 0x70
    DATA = 0x80
    INDEX_ROOT = 0x90
    INDEX_ALLOCATION = 0xA0
    BITMAP = 0xB0


class Flag(IntEnum):
    """File attributes."""

    HIDDEN_SYSTEM = 0x06
    ARCHIVE = 0x20
    FOLDER = 0x10000000
    INDEX_VIEW = 0x20000000


class Namespace(IntEnum):
    """What a name is for."""

    WIN32 = 1
    WIN32_AND_DOS = 3


def padded(data: bytes) -> bytes:
    """Return something filled up to a multiple of eight bytes."""
    return data + bytes(-len(data) % 8)


def resident(kind: Type, value: bytes, instance: int, *, name: str = "", indexed: bool = False) -> bytes:
    """Return an attribute whose value lies in the record itself."""
    encoded = name.encode("utf-16-le")
    value_at = RESIDENT.size + len(padded(encoded))
    length = value_at + len(padded(value))
    head = RESIDENT.pack(
        kind, length, 0, len(name), RESIDENT.size, 0, instance, len(value), value_at, indexed, 0
    )
    return head + padded(encoded) + padded(value)


def nonresident(
    kind: Type,
    runs: Sequence[tuple[int | None, int]],
    size_bytes: int,
    instance: int,
    *,
    cluster_bytes: int,
    valid_bytes: int | None = None,
    name: str = "",
) -> bytes:
    """Return an attribute whose value lies in runs of clusters.

    Args:
        kind: its type.
        runs: (first cluster or None for a hole, clusters), in order.
        size_bytes: of the value.
        instance: unique in the record.
        cluster_bytes: size of a cluster.
        valid_bytes: how much of it was ever written; all of it when left out.
        name: of the stream or index.
    """
    encoded = name.encode("utf-16-le")
    runs_at = NONRESIDENT.size + len(padded(encoded))
    packed = padded(run_list(runs))
    clusters = sum(length for _, length in runs)
    head = NONRESIDENT.pack(
        kind,
        runs_at + len(packed),
        1,
        len(name),
        NONRESIDENT.size,
        0,
        instance,
        0,
        clusters - 1 if clusters else 0xFFFFFFFFFFFFFFFF,
        runs_at,
        0,
        0,
        clusters * cluster_bytes,
        size_bytes,
        size_bytes if valid_bytes is None else valid_bytes,
    )
    return head + padded(encoded) + packed


def run_list(runs: Sequence[tuple[int | None, int]]) -> bytes:
    """Return mapping pairs: each start counts from the one before."""
    packed = bytearray()
    before = 0
    for first, length in runs:
        count = _signed(length)
        delta = b"" if first is None else _signed(first - before)
        before = before if first is None else first
        packed += bytes((len(delta) << 4 | len(count),)) + count + delta
    return bytes(packed) + b"\0"


def _signed(number: int) -> bytes:
    return number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "little", signed=True)


def standard_information(flags: int) -> bytes:
    """Return the value of $STANDARD_INFORMATION."""
    return INFORMATION.pack(*(CREATED,) * 4, flags & 0xFFFF, 0, 0, 0, 0, SECURITY_ID, 0, 0)


def file_name(
    parent: int, name: str, flags: int, namespace: Namespace, *, allocated: int = 0, size: int = 0
) -> bytes:
    """Return the value of $FILE_NAME, which is also the key in the index of the folder.

    Args:
        parent: reference of the folder.
        name: at most 255 UTF-16 units.
        flags: file attributes.
        namespace: what the name is for.
        allocated: bytes in clusters.
        size: bytes of the file.
    """
    encoded = name.encode("utf-16-le")
    times = (CREATED,) * 4
    return FILE_NAME.pack(parent, *times, allocated, size, flags, 0, len(encoded) // 2, namespace) + encoded
