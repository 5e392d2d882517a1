"""The small structures that headers are made of: written here, read in `ese.header_fields`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from orchestrator.ese.header_fields import Field
from orchestrator.ese.reports import Signature

Write: TypeAlias = tuple[int, bytes]  # where, and what


def put(block: bytearray, layout: Mapping[str, Field], **values: int | bytes) -> None:
    """Write fields by their names: numbers little-endian, everything else as it is."""
    for name, value in values.items():
        field = layout[name]
        size = field.kind.size
        raw = value if isinstance(value, bytes) else value.to_bytes(size, "little")
        block[field.offset : field.offset + size] = raw


def log_time(moment: datetime) -> bytes:
    """Encode a LOGTIME in UTC, with its milliseconds in the upper bits of the last two bytes."""
    milliseconds = moment.microsecond // 1000
    return bytes(
        (
            moment.second,
            moment.minute,
            moment.hour,
            moment.day,
            moment.month,
            moment.year - 1900,
            1 | (milliseconds & 0x7F) << 1,
            (milliseconds >> 7) << 1,
        )
    )


def signature(random: int, created: bytes) -> Signature:
    """Make a SIGNATURE; the engine leaves the computer's name out."""
    return Signature(random.to_bytes(4, "little") + created + bytes(16))
