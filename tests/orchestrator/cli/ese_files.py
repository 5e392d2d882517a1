"""Small, sound databases and logs, made from nothing: so that these tests need no samples."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from orchestrator.ese import database_layout, log_layout
from orchestrator.ese.checksum import block_checksum
from orchestrator.ese.header_fields import Field, position_bytes
from orchestrator.ese.page_layout import page_offset
from orchestrator.ese.reports import DatabaseState, FileType, LogPosition
from orchestrator.ese.sealing import seal_header, seal_page, seal_segment

PAGE_SIZE: Final = 4096
PAGES: Final = 200
LOG_SEGMENTS: Final = 16
BASE: Final = "E00"
SIGN_LOG: Final = bytes(range(1, 29))
SIGN_DB: Final = bytes(range(101, 129))


def created(generation: int) -> bytes:
    """Return a LOGTIME: each log a minute after the one before."""
    return bytes((7, generation % 60, 2, 14, 11, 126, 1, 0))


def put(block: bytearray, field: Field, value: int | bytes) -> None:
    raw = value if isinstance(value, bytes) else value.to_bytes(field.kind.size, "little")
    block[field.offset : field.offset + len(raw)] = raw


def database(
    required: tuple[int, int] = (0x1A, 0x1D),
    committed: int | None = None,
    *,
    state: DatabaseState = DatabaseState.DIRTY_SHUTDOWN,
    pages: int = PAGES,
    sign_log: bytes = SIGN_LOG,
) -> bytearray:
    """Return a database; every fifth page is blank."""
    committed = required[1] if committed is None else committed
    values: dict[str, int | bytes] = {
        "ulMagic": database_layout.MAGIC,
        "ulVersion": database_layout.VERSION,
        "ulDaeUpdateMajor": 20,
        "cbPageSize": PAGE_SIZE,
        "dbstate": state,
        "filetype": FileType.DATABASE,
        "signDb": SIGN_DB,
        "signLog": sign_log,
        "lGenMinRequired": required[0],
        "lGenMaxRequired": required[1],
        "lGenMaxCommitted": committed,
        "logtimeGenMaxCreate": created(committed) if committed else bytes(8),
    }
    header = bytearray(PAGE_SIZE)
    for name, value in values.items():
        put(header, database_layout.LAYOUT[name], value)
    seal_header(header)
    whole = header * 2 + bytearray(pages * PAGE_SIZE)
    for number in range(1, pages + 1):
        if number % 5:
            start = page_offset(number, PAGE_SIZE)
            whole[start : start + PAGE_SIZE] = _page(number)
    return whole


@cache
def _page(number: int) -> bytes:
    page = bytearray(PAGE_SIZE)
    page[8:16] = (1000 + number).to_bytes(8, "little")
    page[100:200] = bytes((number % 251,)) * 100
    seal_page(page, number)
    return bytes(page)


def clean_database(sign_log: bytes = SIGN_LOG) -> bytearray:
    return database((0, 0), state=DatabaseState.CLEAN_SHUTDOWN, sign_log=sign_log)


def flip(data: bytearray, page: int, *bits: int) -> None:
    """Flip bits of a page."""
    for bit in bits:
        data[page_offset(page, PAGE_SIZE) + bit // 8] ^= 1 << bit % 8


@cache
def log(generation: int, previous_checksum: int = 0, filled: int = LOG_SEGMENTS - 2) -> tuple[bytes, int]:
    """Return a log with so many segments filled, and the checksum over them. The last never holds data."""
    values: dict[str, int | bytes] = {
        "lGeneration": generation,
        "cbSec": log_layout.SEGMENT_SIZE,
        "csecHeader": 1,
        "csecLGFile": LOG_SEGMENTS,
        "cbPageSize": PAGE_SIZE,
        "tmCreate": created(generation),
        "tmPrevGen": created(generation - 1),
        "ulMajor": 8,
        "ulMinor": 4000,
        "ulUpdateMajor": 5,
        "ulUpdateMinor": 16,
        "signLog": SIGN_LOG,
        "checksumPrevLogAllSegments": previous_checksum,
        "filetype": FileType.LOG,
    }
    header = bytearray(log_layout.HEADER_SIZE)
    for name, value in values.items():
        put(header, log_layout.LAYOUT[name], value)
    seal_header(header)
    whole, chain = bytearray(header), 0
    for index in range(1, LOG_SEGMENTS):
        segment = bytearray(log_layout.SEGMENT_SIZE)
        if index <= filled:
            position = position_bytes(LogPosition(generation, index))
            put(segment, log_layout.SEGMENT_POSITION, position)
            put(segment, log_layout.SEGMENT_TIME, created(generation))
            put(segment, log_layout.SEGMENT_FLAGS, 0x2000)
            segment[100:200] = bytes(((generation + index) % 251,)) * 100
            seal_segment(segment, index)
            chain ^= block_checksum(segment, index)
        whole += segment
    return bytes(whole), chain


def write_logs(folder: Path, first: int = 0x1A, last: int = 0x1D) -> None:
    """Write the logs of a stream; the last of them is the current one."""
    folder.mkdir(parents=True, exist_ok=True)
    chain = 0
    for generation in range(first, last + 1):
        data, chain = log(generation, chain)
        name = f"{BASE}.log" if generation == last else f"{BASE}{generation:08X}.log"
        (folder / name).write_bytes(data)


def write_set(folder: Path, data: bytes | bytearray | None = None) -> Path:
    """Write a database and the logs that it needs into one folder; return the database."""
    write_logs(folder)
    path = folder / "DB01.edb"
    path.write_bytes(database() if data is None else data)
    return path
