"""How fast pages are checked in memory, beside a plain copy of the same bytes (memcpy) by as many threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from random import Random

import numpy as np

from orchestrator.ese.kernel import Kernel
from orchestrator.ese.kernel_numba import NumbaKernel
from orchestrator.ese.kernel_numpy import NumpyKernel
from orchestrator.ese.kernel_python import PythonKernel
from orchestrator.ese.pages import PageChecker
from orchestrator.ese.sealing import seal_page
from tests.benchmarks.figures import Row

MIB = 1 << 20
SIZE = 128 * MIB  # larger than the caches, all of it at once
SLOW_SIZE = 8 * MIB  # enough for plain Python
CHUNK = 4 * MIB  # as databases are read
FORMS = ((4096, False), (8192, True), (32768, True))  # page size, with ECC
KERNELS: dict[str, Callable[[int], Kernel]] = {
    "numba": NumbaKernel,
    "numpy": NumpyKernel,
    "python": PythonKernel,
}
# At most so many times the time of memcpy by as many threads, for pages of 32 KiB.
BARS = {("numpy", 1): 1 / 0.22, ("numpy", 2): 1 / 0.22, ("numba", 1): 1 / 0.9}


def measure(rounds: int) -> list[Row]:
    """Return the ratios, each the best of its rounds over the best of memcpy's in the same rounds."""
    rows = [*_start()]
    for page_size, ecc in FORMS:
        for threads in (1, 2):
            rows += _ratios(page_size, ecc, threads, max(3, min(rounds, 7)))
    return rows


def _start() -> Iterator[Row]:
    """What numba takes before its first page; numpy takes it only in what is smaller."""
    if find_spec("numba") is None:
        yield Row("start of the numba kernel", 0.0, "s", detail="not installed: numba")
        return
    begun = time.perf_counter()
    NumbaKernel(4096).sift(bytes(4096), 1)
    yield Row("start of the numba kernel", time.perf_counter() - begun, "s", detail="once a process")


def _ratios(page_size: int, ecc: bool, threads: int, rounds: int) -> Iterator[Row]:
    form = "ECC" if ecc else "old format"
    kind = f"{page_size // 1024} KiB pages, {form}, {threads} thread{'s'[: threads - 1]}"
    pages = np.frombuffer(_chunk(page_size, ecc) * (SIZE // CHUNK), np.uint8)
    target = np.zeros_like(pages)
    share = len(pages) // threads

    copies = [
        partial(np.copyto, target[at : at + share], pages[at : at + share]) for at in range(0, SIZE, share)
    ]
    names = [name for name in KERNELS if name != "numba" or find_spec("numba")]
    benches = {name: [_Bench(KERNELS[name], page_size, pages.data) for _ in range(threads)] for name in names}
    copied, took = [], {name: list[float]() for name in names}
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(rounds):
            copied.append(_timed(pool, copies))
            for name in names:
                length = (SLOW_SIZE if name == "python" else SIZE) // threads
                work = [partial(bench.check, at * length, length) for at, bench in enumerate(benches[name])]
                took[name].append(_timed(pool, work) * (SIZE / (length * threads)))
    for name in names:
        ours, floor = min(took[name]), min(copied)
        bar = BARS.get((name, threads)) if page_size == 32768 else None
        detail = f"{SIZE / ours / 1e9:.2f} against {SIZE / floor / 1e9:.2f} GB/s: {floor / ours:.2f} of it"
        yield Row(f"checksums by {name}: memcpy ({kind})", ours / floor, "times", bar, detail)


class _Bench:
    """What one thread works with."""

    def __init__(self, make: Callable[[int], Kernel], page_size: int, pages: memoryview) -> None:
        self.checker = PageChecker(page_size, "bench", kernel=make(page_size))
        self.pages = pages

    def check(self, offset: int, length: int) -> None:
        for at in range(offset, offset + length, CHUNK):
            counts = self.checker.check(self.pages[at : at + CHUNK], 1).counts
            assert counts.data == counts.new + counts.old


def _timed(pool: ThreadPoolExecutor, work: Sequence[Callable[[], object]]) -> float:
    begun = time.perf_counter()
    for future in [pool.submit(each) for each in work]:
        future.result()
    return time.perf_counter() - begun


def _chunk(page_size: int, ecc: bool) -> bytes:
    """Return good pages, numbered from 1."""
    random = Random(page_size)  # noqa: S311 - no secret
    pages = []
    for number in range(1, CHUNK // page_size + 1):
        page = bytearray(random.randbytes(page_size))
        seal_page(page, number, ecc=ecc)
        pages.append(page)
    return b"".join(pages)
