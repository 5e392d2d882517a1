"""The one security descriptor of a volume, in $Secure: the system and the administrators may do anything."""

from __future__ import annotations

import struct
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.ntfs.attributes import SECURITY_ID

ALL_ACCESS: Final = 0x1F01FF
SELF_RELATIVE_WITH_DACL: Final = 0x8004
LOCAL_SYSTEM: Final = (18,)
ADMINISTRATORS: Final = (32, 544)
NT_AUTHORITY: Final = 5

# Descriptors lie in blocks of 256 KiB, and each block is there twice.
COPY_AT: Final = 0x40000
ENTRY: Final = struct.Struct("<IIQI")
VIEW_ENTRY: Final = struct.Struct("<HHIHHI")
VIEW_END: Final = VIEW_ENTRY.pack(0, 0, 0, VIEW_ENTRY.size, 0, 2)
VIEW_ROOT: Final = struct.Struct("<IIIB3xIIIB3x")
BY_SECURITY_HASH: Final = 0x12
BY_NUMBER: Final = 0x10


def _sid(*authorities: int) -> bytes:
    return struct.pack(
        f"<BB6s{len(authorities)}I", 1, len(authorities), NT_AUTHORITY.to_bytes(6, "big"), *authorities
    )


def _descriptor() -> bytes:
    rules = b"".join(
        struct.pack("<BBHI", 0, 3, 8 + len(sid), ALL_ACCESS) + sid
        for sid in (_sid(*LOCAL_SYSTEM), _sid(*ADMINISTRATORS))
    )
    acl = struct.pack("<BBHHH", 2, 0, 8 + len(rules), 2, 0) + rules
    owner = _sid(*ADMINISTRATORS)
    head = struct.pack(
        "<BBHIIII", 1, 0, SELF_RELATIVE_WITH_DACL, 20 + len(acl), 20 + len(acl) + len(owner), 0, 20
    )
    return head + acl + owner + owner


def _hash(descriptor: bytes) -> int:
    value = 0
    for (word,) in struct.iter_unpack("<I", descriptor):
        value = (word + (value << 3 | value >> 29)) & 0xFFFFFFFF
    return value


DESCRIPTOR: Final = _descriptor()
_HASH: Final = _hash(DESCRIPTOR)
_HEAD: Final = ENTRY.pack(_HASH, SECURITY_ID, 0, ENTRY.size + len(DESCRIPTOR))


def descriptors() -> bytes:
    """Return the stream $SDS."""
    entry = _HEAD + DESCRIPTOR
    return entry.ljust(COPY_AT, b"\0") + entry


def by_hash() -> bytes:
    """Return the root of the index $SDH."""
    return _view(BY_SECURITY_HASH, struct.pack("<II", _HASH, SECURITY_ID), b"I\0I\0")


def by_number() -> bytes:
    """Return the root of the index $SII."""
    return _view(BY_NUMBER, struct.pack("<I", SECURITY_ID), b"")


def _view(order: int, key: bytes, filler: bytes) -> bytes:
    data_at = VIEW_ENTRY.size + len(key)
    length = data_at + len(_HEAD) + len(filler)
    entry = VIEW_ENTRY.pack(data_at, len(_HEAD), 0, length, len(key), 0) + key + _HEAD + filler
    entries = entry + VIEW_END
    return VIEW_ROOT.pack(0, order, 4096, 1, 16, 16 + len(entries), 16 + len(entries), 0) + entries
