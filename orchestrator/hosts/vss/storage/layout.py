"""How a disk is used: plain, for dynamic volumes, or made up by Storage Spaces (winioctl.h, ntddstor.h)."""

from __future__ import annotations

import struct
from typing import Final
from uuid import UUID

from orchestrator.model.hosts import DiskLayout

# DRIVE_LAYOUT_INFORMATION_EX: style and count, a union up to byte 48, then PARTITION_INFORMATION_EX of 144
# bytes each, with its own style first and at 32 the type: one byte of an MBR's, the GUID of a GPT's.
_HEAD: Final = struct.Struct("<II")
_FIRST: Final = 48
_ENTRY_BYTES: Final = 144
_TYPE_AT: Final = 32
_MBR, _GPT = 0, 1
_MBR_DYNAMIC: Final = 0x42  # PARTITION_LDM
_GPT_DYNAMIC: Final = frozenset(
    {
        UUID("5808c8aa-7e8f-42e0-85d2-e1e90434cfb3"),  # PARTITION_LDM_METADATA_GUID
        UUID("af9b60a0-1431-4f62-bc68-3311714a69ad"),  # PARTITION_LDM_DATA_GUID
    }
)
_BUS_SPACES: Final = 0x10  # BusTypeSpaces
_BUS_AT: Final = 28  # in STORAGE_DEVICE_DESCRIPTOR


def layout_of(drive_layout: bytes, descriptor: bytes) -> DiskLayout | None:
    """Return how a disk is used; None if the answers are cut short, and it cannot be told."""
    if len(descriptor) < _BUS_AT + 4 or len(drive_layout) < _HEAD.size:
        return None
    if int.from_bytes(descriptor[_BUS_AT : _BUS_AT + 4], "little") == _BUS_SPACES:
        return DiskLayout.STORAGE_SPACES
    _, count = _HEAD.unpack_from(drive_layout)
    if count > max(0, len(drive_layout) - _FIRST) // _ENTRY_BYTES:
        return None
    starts = (_FIRST + index * _ENTRY_BYTES for index in range(count))
    dynamic = any(_is_dynamic(drive_layout[start : start + _ENTRY_BYTES]) for start in starts)
    return DiskLayout.DYNAMIC if dynamic else DiskLayout.BASIC


def _is_dynamic(entry: bytes) -> bool:
    style = int.from_bytes(entry[:4], "little")
    if style == _MBR:
        return entry[_TYPE_AT] == _MBR_DYNAMIC
    return style == _GPT and UUID(bytes_le=entry[_TYPE_AT : _TYPE_AT + 16]) in _GPT_DYNAMIC
