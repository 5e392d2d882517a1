"""Makes small ESE files out of nothing: logs of both formats, headers, checkpoints, flush maps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import shake_128
from typing import Any, Final

from orchestrator.ese import checkpoint, flush_map, log_layout
from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.database_layout import LAYOUT as DATABASE
from orchestrator.ese.database_layout import MAGIC, VERSION
from orchestrator.ese.header_fields import Field, position_bytes
from orchestrator.ese.log_file import check_log
from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.ese.log_record import xor_of_words
from orchestrator.ese.log_stream import check_stream
from orchestrator.ese.reports import (
    DatabaseReport,
    FileType,
    LogPosition,
    PageCounts,
    PagesReport,
    StreamReport,
)
from orchestrator.ese.sealing import seal_header, seal_segment
from orchestrator.model.verification import ContentFinding

SECTOR: Final = 512
PAGE: Final = 4096


def signature(random: int) -> bytes:
    """Return a SIGNATURE."""
    return random.to_bytes(4, "little") + created(1) + b"HOST".ljust(16, b"\0")


def created(number: int) -> bytes:
    """Return a LOGTIME of its own for each number."""
    return bytes((number % 60, number // 60 % 60, 12, 1, 3, 124, 1, 0))


STREAM: Final = signature(0x11111111)
OTHER_STREAM: Final = signature(0x22222222)
DATABASE_SIGN: Final = signature(0x33333333)


def noise(seed: str, size: int) -> bytes:
    """Return bytes without a pattern: the checksums do not see all changes of repeated ones."""
    return shake_128(seed.encode()).digest(size)


def put(block: bytearray, field: Field, value: int | bytes) -> None:
    """Write a field."""
    raw = value if isinstance(value, bytes) else value.to_bytes(field.kind.size, "little", signed=value < 0)
    block[field.offset : field.offset + len(raw)] = raw


def sealed(layout: dict[str, Field], size: int, values: dict[str, Any]) -> bytearray:
    """Return a header with these fields and a right checksum."""
    block = bytearray(size)
    for name, value in values.items():
        put(block, layout[name], value)
    seal_header(block)
    return block


# ------------------------------------------------------------------------------------------ logs
def log_header(generation: int, version: tuple[int, int, int, int], sectors: int, **more: Any) -> bytearray:
    """Return the header of a log; `more` are fields by the engine's names."""
    sector = PAGE if version[0] >= 8 else SECTOR
    values = {
        "lGeneration": generation,
        "cbSec": sector,
        "csecHeader": PAGE // sector,
        "csecLGFile": sectors,
        "cbPageSize": PAGE,
        "tmCreate": created(generation),
        "tmPrevGen": created(generation - 1) if generation > 1 else bytes(8),
        "ulMajor": version[0],
        "ulMinor": version[1],
        "ulUpdateMajor": version[2],
        "ulUpdateMinor": version[3],
        "signLog": STREAM,
        "filetype": int(FileType.LOG),
    }
    return sealed(log_layout.LAYOUT, PAGE, values | more)


def segment(index: int, position: LogPosition, fill: int = 0x41) -> bytes:
    """Return a segment of a log of version 8."""
    size = log_layout.SEGMENT_HEADER_SIZE
    block = bytearray(size) + noise(f"{position} {fill}", PAGE - size)
    put(block, log_layout.SEGMENT_POSITION, position_bytes(position))
    put(block, log_layout.SEGMENT_FLAGS, 0x2000)
    seal_segment(block, index)
    return bytes(block)


def log8(
    generation: int, *, good: int | None = None, sectors: int = 6, fill: int = 0x41, **more: Any
) -> bytearray:
    """Return a log of version 8: full, unless it says how many segments are good; then with a shadow."""
    full = good is None
    count = sectors - 2 if good is None else good
    log = log_header(generation, (8, 4000, 90, 200), sectors, **more)
    for index in range(1, count + 1):
        log += segment(index, LogPosition(generation, index), fill + index)
    if not full and count:
        log += log[-PAGE:]
    return log + bytes(sectors * PAGE - len(log))


def chain_of(log: bytes | bytearray, good: int) -> int:
    """Return the XOR of the checksums of the first segments."""
    found = 0
    for index in range(1, good + 1):
        found ^= int.from_bytes(log[index * PAGE : index * PAGE + 8], "little")
    return found


@dataclass(frozen=True)
class Flush:
    """What one LRCHECKSUM covers: so many sectors, and how much of the first was there before.

    `covered` is for a last one that does not fill its only sector.
    """

    sectors: int = 1
    before: int = 0
    covered: int = 0


FULL: Final = (Flush(), Flush(3, 100), Flush(2), Flush(1, 40))


def log7(
    generation: int, flushes: Sequence[Flush] = FULL, *, spare: int = 1, shadow: bool = False, **more: Any
) -> bytearray:
    """Return a log of version 7. With the flushes given, and one spare sector, it is full."""
    sectors = 8 + sum(each.sectors for each in flushes) + spare
    log = log_header(generation, (7, 3704, 7, 0), sectors, **more)
    log += noise(f"log {generation}", sectors * SECTOR - PAGE)
    start = PAGE
    for flush, following in zip(flushes, (*flushes[1:], None), strict=True):
        seal_record(log, start, flush, following, generation)
        start += flush.sectors * SECTOR
    if shadow:
        last = flushes[-1]
        at = start - SECTOR
        log[start : start + SECTOR] = log[at:start]
        record = start + last.before + 13  # ulChecksum of the LRCHECKSUM
        value = int.from_bytes(log[record : record + 4], "little") ^ log_layout.SHADOW_SEED
        log[record : record + 4] = value.to_bytes(4, "little")
    return log


def seal_record(log: bytearray, start: int, flush: Flush, following: Flush | None, generation: int) -> None:
    """Write the LRCHECKSUM of one flush that starts at a sector."""
    size = log_layout.RECORD_SIZE
    at, length = start + flush.before, flush.sectors * SECTOR
    forwards = (flush.covered or length) - flush.before - size
    gap = length - flush.before - size + following.before if following else 0
    many = flush.sectors > 1
    use = log_layout.SHORT_ON if many else log_layout.SHORT_OFF
    both = flush.before ^ forwards ^ gap ^ use ^ generation ^ _xor(log, start, at)
    short = log_layout.SHORT_SEED ^ both ^ _xor(log, at + size, start + SECTOR) if many else 0
    whole = log_layout.RANGE_SEED ^ both ^ _xor(log, at + size, at + size + forwards)
    record = log_layout.RECORD.pack(log_layout.LRTYP_CHECKSUM, flush.before, forwards, gap, whole, short, use)
    log[at : at + size] = record


def _xor(log: bytearray, start: int, end: int) -> int:
    return xor_of_words(memoryview(bytes(log[start:end])))


# ------------------------------------------------------------------------------------------ sets
def stream8(first: int, last: int, *, current: bool = True, **more: Any) -> dict[str, bytearray]:
    """Return a chained stream of version 8 by file name; its last log is the one being written."""
    files: dict[str, bytearray] = {}
    chain = 0
    for generation in range(first, last + 1):
        half = current and generation == last
        name = "E00.log" if half else f"E00{generation:08X}.log"
        files[name] = log8(
            generation, good=2 if half else None, fill=generation, checksumPrevLogAllSegments=chain, **more
        )
        chain = chain_of(files[name], 4)
    return files


def stream_report(files: dict[str, bytearray]) -> StreamReport:
    """Check files as a stream, and the checkpoint among them."""
    kinds = {name: parse_name(name) for name in files}
    point = next((name for name, each in kinds.items() if each and each.kind is LogKind.CHECKPOINT), None)
    logs = [check_log(name, bytes(files[name])) for name in files if name != point]
    return check_stream("E00", logs, read_checkpoint(point, bytes(files[point])) if point else None)


def checkpoint_file(generation: int, **more: Any) -> bytearray:
    """Return a checkpoint file."""
    values = {
        "lgposCheckpoint": position_bytes(LogPosition(generation, 1)),
        "signLog": STREAM,
        "filetype": int(FileType.CHECKPOINT),
    }
    return sealed(checkpoint.LAYOUT, checkpoint.COPY_SIZE, values | more) * 2


def flush_map_file(pages: int = 2, **more: Any) -> bytearray:
    """Return a flush map."""
    values = {"ulFlags": 1, "signFlushMapHdrFlush": signature(7), "filetype": int(FileType.FLUSH_MAP)}
    found = sealed(flush_map.LAYOUT, flush_map.PAGE_SIZE, values | more)
    for number in range(pages):
        page = bytearray([number + 1]) * flush_map.PAGE_SIZE
        put(page, flush_map.MAP_PAGE_NUMBER, number)
        seal_segment(page, number)
        found += page
    return found


def database_start(**more: Any) -> bytes:
    """Return both headers of a dirty database that needs the logs 2 to 3 and knows of 4."""
    values = {
        "ulMagic": MAGIC,
        "ulVersion": VERSION,
        "ulDaeUpdateMajor": 20,
        "cbPageSize": PAGE,
        "signDb": DATABASE_SIGN,
        "signLog": STREAM,
        "dbstate": 2,
        "lGenMinRequired": 2,
        "lGenMaxRequired": 3,
        "lGenMaxCommitted": 4,
        "logtimeGenMaxCreate": created(4),
        "logtimeGenMaxRequired": created(3),
        "filetype": int(FileType.DATABASE),
    }
    return bytes(sealed(DATABASE, PAGE, values | more) * 2)


CLEAN: Final = {
    "dbstate": 3,
    "lGenMinRequired": 0,
    "lGenMaxRequired": 0,
    "lGenMaxCommitted": 0,
    "logtimeGenMaxCreate": bytes(8),
    "logtimeGenMaxRequired": bytes(8),
}


def database_report(counts: PageCounts | None = None, **more: Any) -> DatabaseReport:
    """Return the report of a database, all of whose pages are good unless the counts say otherwise."""
    counts = counts or PageCounts(data=10, new=10)
    pair = read_header_pair(database_start(**more), "DB.edb")
    return DatabaseReport("DB.edb", 12 * PAGE, pair, PagesReport(counts))


def without(files: dict[str, bytearray], *names: str) -> dict[str, bytearray]:
    """Return files without some of them."""
    assert set(names) <= set(files)
    return {name: data for name, data in files.items() if name not in names}


def changed(
    files: dict[str, bytearray], name: str, change: Callable[[bytearray], None]
) -> dict[str, bytearray]:
    """Return files with one of them changed."""
    data = bytearray(files[name])
    change(data)
    return files | {name: data}


def flip(at: int) -> Callable[[bytearray], None]:
    """Return a change of two bits in one byte, which no checksum mends."""

    def change(data: bytearray) -> None:
        data[at] ^= 0x11

    return change


def codes(findings: Iterable[ContentFinding]) -> list[str]:
    """Return the codes of findings without their family."""
    return [finding.code.partition(".")[2] for finding in findings]
