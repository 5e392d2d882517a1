"""How fast databases are verified, beside the bare reading of the same bytes; and in how much memory.

Everything is read from the page cache: what is measured is our share, not the disk's.
"""

from __future__ import annotations

import gzip
import hashlib
import mmap
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from orchestrator.ese import kernel_choice
from orchestrator.ese.database_layout import LAYOUT, MAGIC
from orchestrator.ese.sealing import seal_header, seal_page
from orchestrator.hosts.emulated_exchange.emulator.ntfs import NtfsVolume
from orchestrator.verify.bytes_source import BytesSource
from orchestrator.verify.database_check import check_database
from orchestrator.verify.files import LocalFile
from orchestrator.verify.throttle import Unthrottled
from tests.benchmarks.figures import Row

MIB = 1 << 20
# By page size.
SIZES = {8192: 1024 * MIB, 32768: 1024 * MIB}
# Sealing takes as long as verifying a thousand times.
SEALED = 64 * MIB
GIGANTIC = 100 << 30
REQUEST = 4 * MIB
# At most so many times the time: of plain reading, by one thread and by two; of one thread; of a plain file.
BAR_PLAIN, BAR_PLAIN_TWO, BAR_THREADS, BAR_RAW = 1 / 0.30, 1 / 0.45, 1 / 1.5, 1 / 0.9
BAR_MEMORY = 150.0  # MiB


def measure(rounds: int) -> list[Row]:
    """Return the ratios, speeds and peaks; each the best of its rounds."""
    rounds = max(3, min(rounds, 7))
    with tempfile.TemporaryDirectory(prefix="quiesce-bench-") as folder:
        rows: list[Row] = []
        for page_size in SIZES:
            write_database(Path(folder), page_size)
            rows += _speeds(Path(folder) / f"{page_size // 1024}.edb", page_size, rounds)
        rows += _raw(Path(folder), Path(folder) / "32.edb", rounds)
        return [*rows, *_memory(Path(folder)), *_others()]


def _speeds(path: Path, page_size: int, rounds: int) -> Iterator[Row]:
    """With what everybody has, and with the extra `fast`, for which the bars are.

    Verifying is half reading: what a second thread is worth to plain reading says what to expect of it.
    """
    size, kib = path.stat().st_size, f"{page_size // 1024} KiB pages"
    plain, plain_two = best(rounds, lambda: read_through(path)), best(rounds, lambda: read_by_two(path))
    yield Row(f"plain read, two threads: one ({kib})", plain_two / plain, "times", detail="0.5 is perfect")
    for kernel, from_bytes in (("numpy", size + 1), ("numba", 0)):
        kind, judged = f"{kib}, {kernel}", kernel == "numba"
        with patch.object(kernel_choice, "NUMBA_FROM_BYTES", from_bytes):
            one = best(rounds, lambda: verify(path, 1))
            two = best(rounds, lambda: verify(path, 2))
        for threads, took, bar in (("one thread", one, BAR_PLAIN), ("two threads", two, BAR_PLAIN_TWO)):
            detail = f"{speed(size, took, plain)}: {plain / took:.2f} of it"
            yield Row(
                f"verify, {threads}: plain read ({kind})",
                took / plain,
                "times",
                bar if judged else None,
                detail,
            )
        bar_two = BAR_THREADS if judged and len(os.sched_getaffinity(0)) > 1 else None
        yield Row(
            f"verify, two threads: one ({kind})", two / one, "times", bar_two, f"{one / two:.2f} as fast"
        )


def write_database(folder: Path, page_size: int) -> None:
    with (folder / f"{page_size // 1024}.edb").open("wb") as file:
        for part in database(page_size, SIZES[page_size]):
            file.write(part)


def _raw(folder: Path, path: Path, rounds: int) -> Iterator[Row]:
    """The same database inside an NTFS volume, in an image with a table of partitions."""
    if find_spec("pyfsntfs") is None:
        yield Row("raw NTFS image: plain file", 0.0, "times", detail="not installed: libfsntfs-python")
        return
    from orchestrator.verify.raw import open_raw

    image, size = folder / "volume.img", path.stat().st_size
    with image.open("w+b") as file:
        file.truncate(size + 32 * MIB)

        def write(offset: int, data: bytes) -> None:
            file.seek(offset)
            file.write(data)

        there = NtfsVolume.format(write, size + 32 * MIB).add_file("DB.edb", size)
        with path.open("rb") as plain_file:
            for at in range(0, size, SEALED):
                write(there.offset + at, plain_file.read(SEALED))
    with closing(open_raw(image)) as volume, closing(volume.open("DB.edb")) as inside:
        plain = best(rounds, lambda: verify(path, 2))
        raw = best(rounds, lambda: checked(inside, 2))
    yield Row(
        "verify in a raw NTFS image: plain file", raw / plain, "times", BAR_RAW, speed(size, raw, plain)
    )


def _memory(folder: Path) -> Iterator[Row]:
    """Peaks of whole processes: interpreter, numpy and all, but without the extra `fast`."""
    large, gigantic = folder / "8.edb", folder / "gigantic.edb"
    with gigantic.open("wb") as file:
        file.write(header(32768) * 2)
        file.truncate(GIGANTIC)
    for path, what in ((large, "1 GiB of pages"), (gigantic, "100 GiB, sparse")):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(path)], check=True, capture_output=True, text=True
        )
        took = time.perf_counter() - begun
        peak, pages = done.stdout.split()
        assert int(pages) == path.stat().st_size // (8192 if path is large else 32768) - 2
        yield Row(f"peak memory, {what}", float(peak), "MiB", BAR_MEMORY, f"whole process, {took:.1f} s")


def _others() -> Iterator[Row]:
    """Readers of others, on one real database: opened, and every record of every table fetched."""
    sample = Path(__file__).parents[3] / "shared" / "data" / "ese" / "dbs" / "large-32k-clean.edb.gz"
    data = gzip.decompress(sample.read_bytes()) if sample.exists() else b""
    for name, read in (("pyesedb", _with_pyesedb), ("dissect.esedb", _with_dissect)):
        yield _other(f"{name}, all records (checks no page)", name.partition(".")[0], read, data)


def _other(what: str, package: str, read: Callable[[Path], object], data: bytes) -> Row:
    if not data or find_spec(package) is None:
        return Row(what, 0.0, "MB/s", detail="not installed" if data else "no sample to read")
    path = unpacked(data)
    ours = best(3, lambda: verify(path, 2))
    theirs = best(0, lambda: read(path))
    detail = f"{len(data) / MIB:.0f} MiB; ours, all pages: {len(data) / ours / 1e6:,.0f} MB/s"
    return Row(what, len(data) / theirs / 1e6, "MB/s", detail=detail)


def unpacked(data: bytes) -> Path:
    """Return a path under which the data can be opened; in memory, for this process."""
    descriptor = os.memfd_create("sample")
    os.write(descriptor, data)
    return Path(f"/proc/self/fd/{descriptor}")


def _with_pyesedb(path: Path) -> int:
    file = import_module("pyesedb").file()
    file.open(str(path))
    found = 0
    for table in file.tables:
        for number in range(table.number_of_records):
            with suppress(OSError):  # there are records of this engine that it cannot read
                record = table.get_record(number)
                found += sum(record.get_value_data(at) is not None for at in range(record.number_of_values))
    file.close()
    return found


def _with_dissect(path: Path) -> int:
    with path.open("rb") as file:
        tables = import_module("dissect.esedb").EseDB(file).tables()
        return sum(len(record.as_dict()) for table in tables for record in table.records())


def database(page_size: int, size_bytes: int) -> Iterator[bytes]:
    """Yield a database of good pages, in parts.

    Only some pages are sealed. The others differ from them in their numbers alone, and so in their checksums:
    those are linear, so that each bit of a number that changes turns the same bits of the page over.
    """
    yield header(page_size) * 2
    count = size_bytes // page_size - 2
    sealed = min(count, SEALED // page_size)
    pages = np.frombuffer(b"".join(page(at + 1, page_size) for at in range(sealed)), np.uint64)
    rows, numbers = pages.reshape(sealed, -1), np.arange(1, sealed + 1, dtype=np.uint64)
    turned = [_turned_by(bit, page_size) for bit in range(count.bit_length())]
    for first in range(0, count, sealed):
        renumbered = rows[: count - first].copy()
        changed = (numbers ^ (numbers + np.uint64(first)))[: count - first]
        for bit, words in enumerate(turned):
            renumbered[:, : len(words)] ^= (changed >> np.uint64(bit) & np.uint64(1))[:, None] * words
        yield renumbered.tobytes()


def _turned_by(bit: int, page_size: int) -> NDArray[np.uint64]:
    """Return what one bit of its number turns over at the start of a page."""
    pages = []
    for number in (0, 1 << bit):
        block = bytearray(page_size)
        seal_page(block, number)
        pages.append(np.frombuffer(block, np.uint64, 9))
    return pages[0] ^ pages[1]


def header(page_size: int) -> bytes:
    block = bytearray(page_size)
    values = {"ulMagic": MAGIC, "ulVersion": 0x620, "ulDaeUpdateMajor": 20, "cbPageSize": page_size}
    for name, value in {**values, "dbstate": 3, "filetype": 1}.items():
        block[LAYOUT[name].offset : LAYOUT[name].offset + 4] = value.to_bytes(4, "little")
    seal_header(block)
    return bytes(block)


def page(number: int, page_size: int) -> bytes:
    block = bytearray(hashlib.shake_128(number.to_bytes(4, "little")).digest(256) * (page_size // 256))
    seal_page(block, number)
    return bytes(block)


def read_through(path: Path, begin: int = 0, end: int | None = None) -> None:
    buffer = memoryview(mmap.mmap(-1, REQUEST))
    descriptor = os.open(path, os.O_RDONLY)
    for offset in range(begin, path.stat().st_size if end is None else end, REQUEST):
        os.preadv(descriptor, [buffer], offset)
    os.close(descriptor)


def read_by_two(path: Path) -> None:
    size = path.stat().st_size
    half = size // 2 // REQUEST * REQUEST
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(read_through, (path, path), (0, half), (half, size)))


def verify(path: Path, threads: int) -> None:
    with closing(LocalFile(path)) as source:
        checked(source, threads)


def checked(source: BytesSource, threads: int) -> int:
    report = check_database(source, Unthrottled(), threads=threads)
    assert report.pages
    assert not report.pages.findings
    return report.pages.counts.data


def best(rounds: int, action: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds + 1):  # the first one fills caches
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return min(times[1:] or times)


def speed(size_bytes: int, ours: float, other: float) -> str:
    return f"{size_bytes / ours / 1e9:.2f} against {size_bytes / other / 1e9:.2f} GB/s"


if __name__ == "__main__":
    sys.modules["numba"] = None  # type: ignore[assignment] # as if the extra were not installed
    with closing(LocalFile(Path(sys.argv[1]))) as wanted:
        pages_seen = checked(wanted, 2)
    # Not ru_maxrss: that of a child begins with what its parent had.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    print(int(peak_kib) / 1024, pages_seen)
