"""The fields of a message: little-endian numbers, and values behind a 16-bit count."""

from __future__ import annotations

import struct
from uuid import UUID


class BadMessage(ValueError):
    """What came is none of the messages of the pipe; its connection is closed."""


class Fields:
    """Takes a payload apart."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def raw(self, count: int) -> bytes:
        """Take so many bytes.

        Raises:
            BadMessage: there are not so many.
        """
        taken = self._payload[self._at : self._at + count]
        if len(taken) != count:
            raise BadMessage(f"ends at byte {len(self._payload)}, {count} were due at {self._at}")
        self._at += count
        return taken

    def unsigned(self, size: int) -> int:
        """Take an unsigned number of so many bytes."""
        return int.from_bytes(self.raw(size), "little")

    def signed(self, size: int) -> int:
        """Take a signed number of so many bytes."""
        return int.from_bytes(self.raw(size), "little", signed=True)

    def guid(self) -> UUID:
        """Take a GUID as Windows lays it."""
        return UUID(bytes_le=self.raw(16))

    def counted(self) -> bytes:
        """Take a value behind its count of bytes."""
        return self.raw(self.unsigned(2))

    def text(self) -> str:
        """Take a UTF-16 text.

        Raises:
            BadMessage: it is none.
        """
        try:
            return self.counted().decode("utf-16-le")
        except UnicodeDecodeError:
            raise BadMessage("a text is not UTF-16") from None

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            BadMessage: something is.
        """
        if self._at != len(self._payload):
            raise BadMessage(f"{len(self._payload) - self._at} bytes too many")


def counted(value: bytes) -> bytes:
    """Return a value behind its count.

    Raises:
        BadMessage: it is longer than a count can say.
    """
    if len(value) > 0xFFFF:
        raise BadMessage("a value of over 64 KiB")
    return struct.pack("<H", len(value)) + value
