"""The contents of $AttrDef: which attributes there are (values of NTFS 3.1)."""

from __future__ import annotations

import struct
from typing import Final

ROW: Final = struct.Struct("<128sIIIIQQ")
FILE_BYTES: Final = 2560
INDEXABLE: Final = 0x02
MUST_BE_RESIDENT: Final = 0x40
MAY_BE_NONRESIDENT: Final = 0x80
ANY: Final = 0xFFFFFFFFFFFFFFFF

# Name, type, flags, smallest and largest size.
DEFINITIONS: Final = (
    ("$STANDARD_INFORMATION", 0x10, MUST_BE_RESIDENT, 0x30, 0x48),
    ("$ATTRIBUTE_LIST", 0x20, MAY_BE_NONRESIDENT, 0, ANY),
    ("$FILE_NAME", 0x30, MUST_BE_RESIDENT | INDEXABLE, 0x44, 0x242),
    ("$OBJECT_ID", 0x40, MUST_BE_RESIDENT, 0, 0x100),
    ("$SECURITY_DESCRIPTOR", 0x50, MAY_BE_NONRESIDENT, 0, ANY),
    ("$VOLUME_NAME", 0x60, MUST_BE_RESIDENT, 2, 0x100),
    ("$VOLUME_INFORMATION", 0x70, MUST_BE_RESIDENT, 12, 12),
    ("$DATA", 0x80, 0, 0, ANY),
    ("$INDEX_ROOT", 0x90, MUST_BE_RESIDENT, 0, ANY),
    ("$INDEX_ALLOCATION", 0xA0, MAY_BE_NONRESIDENT, 0, ANY),
    ("$BITMAP", 0xB0, MAY_BE_NONRESIDENT, 0, ANY),
    ("$REPARSE_POINT", 0xC0, MAY_BE_NONRESIDENT, 0, 0x4000),
    ("$EA_INFORMATION", 0xD0, MUST_BE_RESIDENT, 8, 8),
    ("$EA", 0xE0, 0, 0, 0x10000),
    ("$LOGGED_UTILITY_STREAM", 0x100, MAY_BE_NONRESIDENT, 0, 0x10000),
)


def attribute_definitions() -> bytes:
    """Return the whole file; a row of zeros ends the table."""
    rows = (
        ROW.pack(name.encode("utf-16-le"), kind, 0, 0, flags, smallest, largest)
        for name, kind, flags, smallest, largest in DEFINITIONS
    )
    return b"".join(rows).ljust(FILE_BYTES, b"\0")
