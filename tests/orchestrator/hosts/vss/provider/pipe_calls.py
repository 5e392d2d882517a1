"""Requests as the VSS provider sends them, and its answers taken apart; written from shim/wire.hpp."""

from __future__ import annotations

import struct
from uuid import UUID

from orchestrator.hosts.vss.provider.pipe_protocol import Method, Request

SET = UUID("0f0e0d0c-0b0a-4908-8706-050403020100")
OTHER_SET = UUID("ffffffff-0b0a-4908-8706-050403020100")
COPY = UUID("11111111-0b0a-4908-8706-050403020100")
HOST_VOLUME = "\\\\?\\Volume{6b2a1a52-0000-4000-8000-000000000001}\\"


def header(
    method: int, length: int, *, sequence: int = 7, set_id: UUID = SET, magic: bytes = b"QVP1"
) -> bytes:
    return magic + struct.pack("<HHII", method, 0, sequence, length) + set_id.bytes_le


def text(value: str) -> bytes:
    data = value.encode("utf-16-le")
    return struct.pack("<H", len(data)) + data


def begun_volume(host_volume: str = HOST_VOLUME) -> bytes:
    return COPY.bytes_le + struct.pack("<i", 0x29) + text(host_volume)


def ending(ended: int, hold_us: int, *, copies: int | None = None) -> bytes:
    counted = b"" if copies is None else struct.pack("<i", copies)
    return counted + struct.pack("<IQ", ended, hold_us)


def lun(serial: bytes = b"S1", naa: bytes = b"\x60\x02") -> bytes:
    names = b"".join(struct.pack("<H", len(one)) + one for one in (b"PURE", b"FlashArray", b"8888", serial))
    numbers = struct.pack("<IBBII", 1, 0, 0, 1, 6)
    identifier = struct.pack("<IIH", 1, 3, len(naa)) + naa
    return numbers + names + bytes(16) + struct.pack("<IH", 1, 1) + identifier


def request(method: Method, payload: bytes = b"", set_id: UUID = SET) -> Request:
    return Request(method, 7, set_id, payload)


def code(answer: bytes) -> int:
    found: int = struct.unpack_from("<I", answer, 32)[0]
    return found


def fields(answer: bytes) -> bytes:
    return answer[36:]
