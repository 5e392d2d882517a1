"""Volumes and disks whose answers are bytes, built as Windows lays them out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

LDM_DATA = UUID("af9b60a0-1431-4f62-bc68-3311714a69ad")
BASIC_DATA = UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")


def volume_name(letter: str) -> str:
    return "\\\\?\\Volume{" + str(UUID(int=ord(letter))) + "}\\"


def extents(*disks: int) -> bytes:
    """VOLUME_DISK_EXTENTS."""
    found = b"".join(struct.pack("<I4xqq", disk, 1 << 20, 1 << 30) for disk in disks)
    return struct.pack("<I4x", len(disks)) + found


def gpt(*types: UUID) -> bytes:
    """DRIVE_LAYOUT_INFORMATION_EX of a GPT disk."""
    entries = b"".join(
        (struct.pack("<I4xqqI4x", 1, 1 << 20, 1 << 30, 1) + one.bytes_le).ljust(144, b"\0") for one in types
    )
    return struct.pack("<II", 1, len(types)).ljust(48, b"\0") + entries


def mbr(*types: int) -> bytes:
    """DRIVE_LAYOUT_INFORMATION_EX of an MBR disk."""
    entries = b"".join(
        (struct.pack("<I4xqqI4x", 0, 1 << 20, 1 << 30, 1) + bytes([one])).ljust(144, b"\0") for one in types
    )
    return struct.pack("<II", 0, len(types)).ljust(48, b"\0") + entries


def descriptor(bus: int = 6, serial: bytes = b"") -> bytes:
    """STORAGE_DEVICE_DESCRIPTOR."""
    offset = 40 if serial else 0
    head = struct.pack("<II4B4IiI", 1, 40 + len(serial) + 1, 0, 0, 0, 1, 0, 0, 0, offset, bus, 0)
    return head.ljust(40, b"\0") + serial + b"\0"


def device_ids(*found: tuple[int, int, int, bytes]) -> bytes:
    """STORAGE_DEVICE_ID_DESCRIPTOR of (code set, type, association, bytes)."""
    parts = []
    for index, (code_set, kind, association, value) in enumerate(found):
        size = 16 + (len(value) + 3) // 4 * 4
        onward = size if index + 1 < len(found) else 0
        parts.append(
            struct.pack("<IIHHI", code_set, kind, len(value), onward, association)
            + value.ljust(size - 16, b"\0")
        )
    body = b"".join(parts)
    return struct.pack("<III", 12, 12 + len(body), len(found)) + body


def naa(number: int) -> tuple[int, int, int, bytes]:
    return 1, 3, 0, bytes.fromhex(f"624a9370{number:024x}")


@dataclass
class FakeDisk:
    layout: bytes = field(default_factory=lambda: gpt(BASIC_DATA))
    about: bytes = field(default_factory=descriptor)
    ids: bytes | None = None


@dataclass
class FakeVolume:
    points: Sequence[str]
    extents: bytes | None


@dataclass
class FakeDevices:
    """C: on a local disk, E: and F: on a LUN each."""

    there: dict[str, FakeVolume] = field(
        default_factory=lambda: {
            volume_name("C"): FakeVolume(["C:\\"], extents(0)),
            volume_name("E"): FakeVolume(["E:\\"], extents(1)),
            volume_name("F"): FakeVolume(["F:\\"], extents(2)),
        }
    )
    disks: dict[int, FakeDisk] = field(
        default_factory=lambda: {
            0: FakeDisk(about=descriptor(11, b"  WD-1234  ")),
            1: FakeDisk(ids=device_ids(naa(1))),
            2: FakeDisk(ids=device_ids(naa(2))),
        }
    )

    def volumes(self) -> Sequence[str]:
        if not self.there:
            raise OSError(5, "access denied")
        return list(self.there)

    def mount_points(self, volume: str) -> Sequence[str]:
        return self.there[volume].points

    def disk_extents(self, volume: str) -> bytes:
        return _answer(self.there[volume].extents)

    def drive_layout(self, disk: int) -> bytes:
        return self._disk(disk).layout

    def device_descriptor(self, disk: int) -> bytes:
        return self._disk(disk).about

    def device_ids(self, disk: int) -> bytes:
        return _answer(self._disk(disk).ids)

    def _disk(self, number: int) -> FakeDisk:
        if number not in self.disks:
            raise OSError(2, "no such disk")
        return self.disks[number]


def _answer(data: bytes | None) -> bytes:
    if data is None:
        raise OSError(1, "incorrect function")
    return data
