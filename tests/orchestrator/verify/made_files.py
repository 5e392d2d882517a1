"""Small databases and logs, sealed as the engine seals them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrator.ese.database_layout import LAYOUT as DATABASE
from orchestrator.ese.database_layout import MAGIC
from orchestrator.ese.header_fields import Field, position_bytes
from orchestrator.ese.log_layout import HEADER_SIZE, SEGMENT_FLAGS, SEGMENT_POSITION, SEGMENT_SIZE
from orchestrator.ese.log_layout import LAYOUT as LOG
from orchestrator.ese.reports import DatabaseState, FileType, LogPosition
from orchestrator.ese.sealing import seal_header, seal_page, seal_segment

SIGN_LOG: Final = b"\x11" * 28
SIGN_OTHER: Final = b"\x22" * 28
SEGMENTS: Final = 4


def put(block: bytearray, field: Field, value: int | bytes) -> None:
    raw = value if isinstance(value, bytes) else value.to_bytes(field.kind.size, "little")
    block[field.offset : field.offset + field.kind.size] = raw


def created(generation: int) -> bytes:
    """When a log was made: some LOGTIME that no other generation has."""
    return bytes((1, 2, 3, 4, 5, 120, generation & 0xFF, 0))


def header(
    page_size: int = 4096,
    *,
    state: int = DatabaseState.CLEAN_SHUTDOWN,
    needs: tuple[int, int] = (0, 0),
    sign_log: bytes = SIGN_LOG,
    file_type: int = FileType.DATABASE,
    attrib: int = 0,
) -> bytes:
    block = bytearray(page_size)
    fields: dict[str, int | bytes] = {
        "ulMagic": MAGIC,
        "ulVersion": 0x620,
        "ulDaeUpdateMajor": 20,
        "attrib": attrib,
        "cbPageSize": page_size,
        "dbstate": state,
        "signDb": b"\x33" * 28,
        "signLog": sign_log,
        "lGenMinRequired": needs[0],
        "lGenMaxRequired": needs[1],
        "lGenMaxCommitted": needs[1],
        "logtimeGenMaxCreate": created(needs[1]) if needs[1] else bytes(8),
        "filetype": file_type,
    }
    for name, value in fields.items():
        put(block, DATABASE[name], value)
    seal_header(block)
    return bytes(block)


def page(number: int, page_size: int = 4096, *, ecc: bool = True) -> bytes:
    block = bytearray(bytes((number + at) & 0xFF for at in range(256)) * (page_size // 256))
    block[8:64] = bytes(56)
    block[8:16] = (1000 + number).to_bytes(8, "little")
    seal_page(block, number, ecc=ecc)
    return bytes(block)


def database(page_size: int = 4096, pages: int = 10, **of_header: object) -> bytes:
    both = header(page_size, **of_header) * 2  # type: ignore[arg-type] # any field
    return both + b"".join(page(number, page_size) for number in range(1, pages + 1))


def dirty(first: int, last: int, pages: int = 10, sign_log: bytes = SIGN_LOG) -> bytes:
    return database(pages=pages, state=DatabaseState.DIRTY_SHUTDOWN, needs=(first, last), sign_log=sign_log)


def log(
    generation: int, previous: bytes | None = None, *, sign_log: bytes = SIGN_LOG, full: bool = True
) -> bytes:
    block = bytearray(HEADER_SIZE)
    chain = chain_of(previous) if previous else 0
    fields: dict[str, int | bytes] = {
        "lGeneration": generation,
        "cbSec": SEGMENT_SIZE,
        "csecHeader": 1,
        "csecLGFile": SEGMENTS,
        "cbPageSize": 4096,
        "tmCreate": created(generation),
        "tmPrevGen": created(generation - 1),
        "ulMajor": 8,
        "ulMinor": 4000,
        "ulUpdateMajor": 90,
        "ulUpdateMinor": 200,
        "signLog": sign_log,
        "checksumPrevLogAllSegments": chain,
        "filetype": FileType.LOG,
    }
    for name, value in fields.items():
        put(block, LOG[name], value)
    seal_header(block)
    good = SEGMENTS - 2 if full else 1
    segments = [segment(generation, index) for index in range(1, 1 + good)]
    return bytes(block) + b"".join(segments) + bytes(SEGMENT_SIZE * (SEGMENTS - 1 - good))


def segment(generation: int, index: int) -> bytes:
    block = bytearray(bytes((generation, index)) * (SEGMENT_SIZE // 2))
    block[:40] = bytes(40)
    block[SEGMENT_POSITION.offset : SEGMENT_POSITION.offset + 8] = position_bytes(
        LogPosition(generation, index)
    )
    block[SEGMENT_FLAGS.offset : SEGMENT_FLAGS.offset + 4] = (0x2000).to_bytes(4, "little")
    seal_segment(block, index)
    return bytes(block)


def chain_of(data: bytes) -> int:
    found = 0
    for at in range(HEADER_SIZE, len(data), SEGMENT_SIZE):
        found ^= int.from_bytes(data[at : at + 8], "little")
    return found


def stream(first: int, last: int, base: str = "E00", sign_log: bytes = SIGN_LOG) -> dict[str, bytes]:
    """Numbered logs, and the current one as the last generation."""
    files: dict[str, bytes] = {}
    previous: bytes | None = None
    for generation in range(first, last + 1):
        current = generation == last
        previous = log(generation, previous, sign_log=sign_log, full=not current)
        files[f"{base}.log" if current else f"{base}{generation:08X}.log"] = previous
    return files


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)


def codes(findings: Sequence[object]) -> list[str]:
    return [getattr(each, "code", "") for each in findings]
