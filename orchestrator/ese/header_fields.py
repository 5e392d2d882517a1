"""The small structures that headers are made of, and how people read them.

For all kinds of files: databases, logs, checkpoints, flush maps. Sizes and orders: ESE inc/daedef.hxx.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from orchestrator.ese.reports import LogPosition, Signature

Buffer: TypeAlias = bytes | bytearray | memoryview

SIGNATURE_SIZE: Final = 28
NEVER: Final = bytes(8)  # a LOGTIME that was not recorded


class Kind(Enum):
    """What stands at an offset; the value is its size in bytes, and a word that keeps equal sizes apart."""

    BYTE = (1, "number")
    U16 = (2, "number")
    U32 = (4, "number")
    HEX = (4, "hexadecimal")
    I32 = (4, "signed")
    U64 = (8, "number")
    POSITION = (8, "LGPOS")
    TIME = (8, "LOGTIME")
    SIGNATURE = (28, "SIGNATURE")
    BACKUP = (24, "BKINFO")

    @property
    def size(self) -> int:
        """In bytes."""
        return self.value[0]


class Field(NamedTuple):
    """One field of a structure on disk."""

    offset: int
    kind: Kind

    def of(self, block: Buffer) -> bytes:
        """Return its raw bytes."""
        return bytes(block[self.offset : self.offset + self.kind.size])

    def number(self, block: Buffer) -> int:
        """Return it as a number."""
        return int.from_bytes(self.of(block), "little", signed=self.kind is Kind.I32)

    def position(self, block: Buffer) -> LogPosition:
        """Return it as an LGPOS."""
        return log_position(self.of(block))

    def signature(self, block: Buffer) -> Signature:
        """Return it as a SIGNATURE."""
        return Signature(self.of(block))

    def text(self, block: Buffer) -> str:
        """Return it for people."""
        return _text(self.kind, self.of(block))


def log_position(raw: bytes) -> LogPosition:
    """Decode an LGPOS: byte in the segment, segment, generation, in this order."""
    return LogPosition(
        int.from_bytes(raw[4:8], "little", signed=True),
        int.from_bytes(raw[2:4], "little"),
        int.from_bytes(raw[:2], "little"),
    )


def position_bytes(position: LogPosition) -> bytes:
    """Encode an LGPOS."""
    return (
        position.byte.to_bytes(2, "little")
        + position.segment.to_bytes(2, "little")
        + position.generation.to_bytes(4, "little", signed=True)
    )


def position_text(position: LogPosition) -> str:
    """Write an LGPOS as the engine's tools do: (generation,segment,byte), hexadecimal."""
    return f"({position.generation:X},{position.segment:X},{position.byte:X})"


def time_text(raw: bytes) -> str:
    """Write a LOGTIME. It may be local time or UTC, and of any clock: for people only, never to be compared.

    Byte 6 is a UTC flag and 7 low bits of the milliseconds, byte 7 holds 3 more above its lowest bit.
    """
    if raw == NEVER:
        return "never"
    second, minute, hour, day, month, year, low, high = raw
    milliseconds = low >> 1 | (high >> 1 & 7) << 7
    zone = "UTC" if low & 1 else "local time"
    return f"{year + 1900}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{milliseconds:03} {zone}"


def signature_text(raw: bytes) -> str:
    """Write a SIGNATURE: its random number, when it was made, and on which computer."""
    if not any(raw):
        return "none"
    computer = raw[12:28].partition(b"\0")[0].decode("ascii", "backslashreplace")
    written = f"0x{int.from_bytes(raw[:4], 'little'):08X}, created {time_text(raw[4:12])}"
    return written + (f" on {computer}" if computer else "")


def backup_text(raw: bytes) -> str:
    """Write a BKINFO: which generations a backup took, and when."""
    if not any(raw):
        return "none"
    low, high = (int.from_bytes(raw[at : at + 4], "little") for at in (16, 20))
    return f"generations {low}-{high}, mark {position_text(log_position(raw[:8]))}, {time_text(raw[8:16])}"


def _text(kind: Kind, raw: bytes) -> str:
    match kind:
        case Kind.POSITION:
            return position_text(log_position(raw))
        case Kind.TIME:
            return time_text(raw)
        case Kind.SIGNATURE:
            return signature_text(raw)
        case Kind.BACKUP:
            return backup_text(raw)
        case Kind.HEX:
            return f"0x{int.from_bytes(raw, 'little'):08X}"
        case _:
            return str(int.from_bytes(raw, "little", signed=kind is Kind.I32))
