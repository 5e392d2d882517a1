"""Tells what a file is by how it starts; by its name only where its start is damaged. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from orchestrator.ese.checksum import header_checksum
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.ese.reports import FileType


class ContentKind(StrEnum):
    """What there may be at a path."""

    DATABASE = "database"
    STREAMING_FILE = "streaming file"
    LOG = "log"
    CHECKPOINT = "checkpoint"
    FLUSH_MAP = "flush map"
    FOLDER = "folder"
    VOLUME = "volume"
    NOTHING = "nothing of ours"


class Content(NamedTuple):
    """What a file is, and in words what speaks for it."""

    kind: ContentKind
    because: str


# Headers whose checksum is over a fixed size, by filetype.
HEADERS: Final = (
    (FileType.LOG, 4096, ContentKind.LOG),
    (FileType.CHECKPOINT, 4096, ContentKind.CHECKPOINT),
    (FileType.FLUSH_MAP, 8192, ContentKind.FLUSH_MAP),
)
FILE_TYPE_AT: Final = 667
MAGIC: Final = bytes.fromhex("EFCDAB89")
ENDINGS: Final = {
    ".edb": ContentKind.DATABASE,
    ".dit": ContentKind.DATABASE,
    ".stm": ContentKind.STREAMING_FILE,
    ".jfm": ContentKind.FLUSH_MAP,
}
# What people take for a raw image: nothing here reads those.
CONTAINERS: Final = (
    (b"QFI\xfb", "it is a disk image of QEMU (qcow2)"),
    (b"vhdxfile", "it is a disk image of Hyper-V (VHDX)"),
    (b"conectix", "it is a disk image of Hyper-V (VHD)"),
    (b"KDMV", "it is a disk image of VMware (VMDK)"),
    (b"XFSB", "it is a volume with XFS"),
    (b"\x1f\x8b", "it is packed with gzip"),
    (b"PK\x03\x04", "it is a ZIP archive"),
)
TEXT: Final = bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100)) + b"\t\n\f\r"
# How volumes and disks start: boot sector of NTFS, second sector of a GUID partition table, end of a boot
# sector with a table of partitions.
VOLUMES: Final = (
    (3, b"NTFS    ", "it starts with a boot sector of NTFS"),
    (512, b"EFI PART", "it starts with a table of partitions"),
    (510, b"\x55\xaa", "it starts with a boot sector"),
)


def content_of(start: bytes, file_name: str) -> Content:
    """Tell what a file is.

    Args:
        start: its first 64 KiB, or all of it.
        file_name: without folders.
    """
    return _by_checksum(start) or _volume(start) or _damaged(start, file_name) or _nothing(start)


def _by_checksum(start: bytes) -> Content | None:
    file_type = start[FILE_TYPE_AT : FILE_TYPE_AT + 4]
    for wanted, size, kind in HEADERS:
        block = start[:size]
        if len(block) == size and int.from_bytes(file_type, "little") == wanted and _checked(block):
            return Content(kind, "its header has a good checksum")
    header = read_header_pair(start, "").header
    if header is None:
        return None
    kind = ContentKind.STREAMING_FILE if header.streaming else ContentKind.DATABASE
    return Content(kind, "a header of it has a good checksum")


def _checked(block: bytes) -> bool:
    return int.from_bytes(block[:4], "little") == header_checksum(block)


def _volume(start: bytes) -> Content | None:
    because = (words for at, magic, words in VOLUMES if start[at : at + len(magic)] == magic)
    found = next(because, None)
    return Content(ContentKind.VOLUME, found) if found else None


def _damaged(start: bytes, file_name: str) -> Content | None:
    """Its header is wrong: what it would be if it were right."""
    if not start or _is_text(start):
        return None
    if start[4:8] == MAGIC:
        return Content(ContentKind.DATABASE, "it starts as a database, though no header is good")
    name = parse_name(file_name)
    if name is not None and name.kind is not LogKind.RESERVE:
        kind = ContentKind.CHECKPOINT if name.kind is LogKind.CHECKPOINT else ContentKind.LOG
        return Content(kind, "it is named so, though its header is not good")
    by_ending = ENDINGS.get(file_name[-4:].lower())
    return Content(by_ending, "it is named so, though no header is good") if by_ending else None


def _nothing(start: bytes) -> Content:
    because = next((words for magic, words in CONTAINERS if start.startswith(magic)), "")
    if not start:
        because = "it is empty"
    elif not any(start):
        because = "it starts with zeros"
    elif _is_text(start):
        because = "it is text"
    return Content(ContentKind.NOTHING, because or "nothing in its start is known")


def _is_text(start: bytes) -> bool:
    """Text has letters, spaces and bytes of UTF-8. Every header of ours has other bytes, and so has noise."""
    return not start[:1024].translate(None, TEXT)
