"""What is fast and what is easy to read must never differ."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest

from orchestrator.ese.checksum import block_checksum
from orchestrator.ese.kernel import Kernel
from orchestrator.ese.kernel_choice import NUMBA_FROM_BYTES, new_kernel
from orchestrator.ese.kernel_numba import NumbaKernel
from orchestrator.ese.kernel_numpy import TURN_BYTES, NumpyKernel
from orchestrator.ese.kernel_python import PythonKernel
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.pages import PageChecker
from orchestrator.ese.reports import PagesReport
from orchestrator.ese.sealing import seal_header
from tests.ese_samples import sample
from tests.orchestrator.cli.ese_files import clean_database
from tests.orchestrator.ese.page_building import LARGE, flip, page
from tests.orchestrator.ese.test_pages import REAL

FAST: Final = (NumpyKernel, NumbaKernel)


def report(make: Callable[[int], Kernel], data: bytes, size: int, first_page: int) -> PagesReport:
    return PageChecker(size, "a.edb", kernel=make(size)).check(memoryview(data), first_page)


def all_agree(data: bytes, size: int, first_page: int = 1) -> PagesReport:
    expected = report(PythonKernel, data, size, first_page)
    for make in FAST:
        assert report(make, data, size, first_page) == expected, make.__name__
    return expected


def mixed(size: int, length: int, seed: int) -> list[bytes]:
    """Return pages of all sorts, in runs as real files have them, a few damaged, and numbered from 1."""
    random = Random(seed)  # noqa: S311 - no secret
    pages: list[bytes] = []
    while len(pages) < length // size:
        kind = random.randrange(4)
        for _ in range(random.choice((1, 3, 64))):
            number = len(pages) + 1
            made = (
                bytearray(size)
                if kind == 0
                else page(size, number, ecc=kind != 1, dbtime=random.getrandbits(64) - (1 << 63))
            )
            if random.random() < 0.05:
                made = flip(made, *random.sample(range(size * 8), random.randint(1, 3)))
            pages.append(bytes(made))
    return pages


@pytest.mark.many
@pytest.mark.parametrize(("name", "size", "counts"), REAL)
def test_all_kernels_say_the_same_of_real_databases(name: str, size: int, counts: object) -> None:
    assert all_agree(sample(name)[2 * size :], size).counts == counts


@pytest.mark.many
@pytest.mark.parametrize(("name", "size", "counts"), REAL)
def test_all_kernels_say_the_same_of_real_pages_at_wrong_places(name: str, size: int, counts: object) -> None:
    shifted = all_agree(sample(name)[2 * size : 2 * size + (1 << 20)], size, 1000)
    assert shifted.counts.new == shifted.counts.old == 0


@pytest.mark.many
@pytest.mark.timeout(60)
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_all_kernels_say_the_same_of_pages_of_all_sorts(size: int) -> None:
    pages = mixed(size, TURN_BYTES + (1 << 20) + 3 * size, seed=size)
    counts = all_agree(b"".join(pages), size).counts
    assert min(counts.new, counts.blank, counts.bad, counts.correctable) > 0
    for count in (0, 1, 2, TURN_BYTES // size - 1, TURN_BYTES // size, TURN_BYTES // size + 1):
        all_agree(b"".join(pages[:count]), size)


@pytest.mark.many
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_all_kernels_say_the_same_of_a_page_with_any_one_bit_wrong(size: int) -> None:
    good = page(size, 1)
    step = size * 8 // 512 + 1  # comes to every column
    data = b"".join(bytes(flip(good, bit)) for bit in [*range(640), *range(640, size * 8, step)])
    count = len(data) // size
    for make in (NumpyKernel, NumbaKernel):
        kernel = make(size)
        for at in range(count):
            assert kernel.sift(data[at * size : (at + 1) * size], 1).suspects == [0]


@pytest.mark.many
@pytest.mark.parametrize("size", PAGE_SIZES)
def test_all_kernels_take_the_highest_page_numbers_and_higher_ones(size: int) -> None:
    first = (1 << 32) - 2
    data = b"".join(bytes(page(size, first + at & 0xFFFFFFFF, ecc=at > 0)) for at in range(3))
    assert all_agree(data, size, first).counts.bad == 0


@pytest.mark.many
@pytest.mark.parametrize("size", LARGE)
def test_all_kernels_hold_back_what_no_large_page_may_be(size: int) -> None:
    misnumbered, in_the_old_form, unflagged = page(size, 1), page(size, 2), page(size, 3)
    misnumbered[64:68] = (8).to_bytes(4, "little")
    in_the_old_form[37] &= ~0x20
    in_the_old_form[4:8] = (2).to_bytes(4, "little")
    seal_header(in_the_old_form)
    unflagged[37] &= ~0x20
    for number, made in ((1, misnumbered), (3, unflagged)):
        made[:8] = block_checksum(made[: size // 4], number).to_bytes(8, "little")
    block = bytearray(in_the_old_form[: size // 4])  # the old form again, but as long as a block
    block[4:8] = (4).to_bytes(4, "little")
    seal_header(block)
    made = misnumbered + in_the_old_form + unflagged + block + in_the_old_form[size // 4 :]
    assert all_agree(bytes(made), size).counts.bad == 4


def test_numba_is_started_for_large_databases_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(new_kernel(4096, 0), NumpyKernel)
    assert isinstance(new_kernel(4096, NUMBA_FROM_BYTES - 1), NumpyKernel)
    monkeypatch.setattr("orchestrator.ese.kernel_numba.compiled", lambda: None)  # it takes its time
    assert isinstance(new_kernel(4096, NUMBA_FROM_BYTES), NumbaKernel)
    monkeypatch.setitem(sys.modules, "numba", None)
    assert isinstance(new_kernel(4096, NUMBA_FROM_BYTES), NumpyKernel)
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert isinstance(new_kernel(4096, NUMBA_FROM_BYTES), PythonKernel)


@pytest.mark.journey
def test_a_database_is_checked_without_numpy(tmp_path: Path) -> None:
    path = tmp_path / "DB01.edb"
    path.write_bytes(clean_database())
    start = "import sys; sys.modules['numpy'] = None; from orchestrator.__main__ import main; main()"
    command = [sys.executable, "-c", start, "ese", "check", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["result"]["verdict"] == "clean"
