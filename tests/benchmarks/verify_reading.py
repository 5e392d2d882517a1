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
# By page size. Pages of 32 KiB take as long to seal as a thousand times to verify.
SIZES = {8192: 1024 * MIB, 32768: 256 * MIB}
GIGANTIC = 100 << 30
REQUEST = 4 * MIB
# At most so many times the time of plain reading; of one thread; of the plain file; MiB.
BAR_PLAIN, BAR_THREADS, BAR_RAW, BAR_MEMORY = 1 / 0.30, 1 / 1.5, 1 / 0.9, 150.0
# Two threads take at most so much of the time of one where a second CPU is free.
SECOND_CPU = 0.6


def measure(rounds: int) -> list[Row]:
    """Return the ratios, speeds and peaks; each the best of its rounds."""
    rounds = max(3, min(rounds, 7))
    with tempfile.TemporaryDirectory(prefix="quiesce-bench-") as folder:
        machine = _machine()
        rows, second = [machine], machine.value <= SECOND_CPU
        for page_size in SIZES:
            write_database(Path(folder), page_size)
            rows += _speeds(Path(folder), page_size, rounds, second)
        rows += _raw(Path(folder), Path(folder) / "32.edb", rounds)
        return [*rows, *_memory(Path(folder)), *_others()]


def _machine() -> Row:
    """What a second thread is worth on this machine, whatever it does: a busy one has no second CPU."""
    data = bytes(32 * MIB)
    one = best(3, lambda: hashlib.sha256(data))
    with ThreadPoolExecutor(2) as pool:
        both = best(3, lambda: list(pool.map(hashlib.sha256, (data, data))))
    return Row("two threads: one, of nothing but SHA-256", both / 2 / one, "times", detail="0.5 is perfect")


def _speeds(folder: Path, page_size: int, rounds: int, second_cpu: bool) -> Iterator[Row]:
    """With what everybody has, and with the extra `fast`, for which the bars are."""
    path = folder / f"{page_size // 1024}.edb"
    size = path.stat().st_size
    plain = best(rounds, lambda: read_through(path))
    for kernel, from_bytes in (("numpy", size + 1), ("numba", 0)):
        kind = f"{page_size // 1024} KiB pages, {kernel}"
        judged = kernel == "numba"
        bar = BAR_THREADS if judged and second_cpu else None  # nothing could meet it otherwise
        with patch.object(kernel_choice, "NUMBA_FROM_BYTES", from_bytes):
            one = best(rounds, lambda: verify(path, 1))
            two = best(rounds, lambda: verify(path, 2))
        yield Row(
            f"verify, one thread: plain read ({kind})",
            one / plain,
            "times",
            BAR_PLAIN if judged else None,
            f"{speed(size, one, plain)}: {plain / one:.2f} of it",
        )
        yield Row(f"verify, two threads: one ({kind})", two / one, "times", bar, speed(size, two, one))


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
        write(there.offset, path.read_bytes())
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

    Sealing takes longer than anything measured here, so that only 64 MiB of small pages are sealed: the
    others differ from them in their numbers alone, which are XORed into the lower half of the checksum.
    """
    yield header(page_size) * 2
    count = size_bytes // page_size - 2
    sealed = count if page_size > 8192 else min(count, 64 * MIB // page_size)
    pages = np.frombuffer(b"".join(page(at + 1, page_size) for at in range(sealed)), np.uint32).copy()
    rows = pages.reshape(sealed, -1)
    for first in range(0, count, sealed):
        renumbered = rows[: count - first].copy()
        old = np.arange(1, len(renumbered) + 1, dtype=np.uint32)
        renumbered[:, 0] ^= old ^ (old + np.uint32(first))
        yield renumbered.tobytes()


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


def read_through(path: Path) -> None:
    buffer = memoryview(mmap.mmap(-1, REQUEST))
    descriptor = os.open(path, os.O_RDONLY)
    offset = 0
    while count := os.preadv(descriptor, [buffer], offset):
        offset += count
    os.close(descriptor)


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
