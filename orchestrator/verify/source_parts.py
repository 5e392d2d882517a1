"""Reads a few bytes of a file, under the control of whoever asked for it."""

from __future__ import annotations

from orchestrator.plugin.verifier import Control
from orchestrator.verify.bytes_source import BytesSource


def read_part(source: BytesSource, control: Control, offset: int, length: int) -> bytes:
    """Read so many bytes, or what there is of them.

    Raises:
        VerificationStopped: the control said so.
        VerificationError: `verify.cannot-read`.
    """
    length = max(0, min(length, source.size_bytes - offset))
    control.take(length)
    buffer = bytearray(length)
    return bytes(buffer[: source.read(offset, memoryview(buffer))])
