"""Every single flipped bit is found, and named where the format can; no two of them are ever missed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.ese.kernel_numpy import NumpyKernel
from orchestrator.ese.page_judgement import Fault, judge
from orchestrator.ese.page_layout import FORMAT_FLAG_BIT, PAGE_SIZES
from tests.orchestrator.ese.page_building import LARGE, SMALL, page

pytestmark = [pytest.mark.many, pytest.mark.timeout(60)]

FLIPS: Final = 10_000
AT_ONCE: Final = 100
FIRST_PAGE: Final = 4242
SEED: Final = 20260512


def damaged_pages(size: int, bits_each: int, *, ecc: bool) -> Iterator[tuple[int, bytes, tuple[int, ...]]]:
    """Yield pages with flipped bits, all of which the fast kernel held back."""
    print(f"seed {SEED}")
    random = Random(SEED + size)  # noqa: S311 - no secret
    good = b"".join(page(size, FIRST_PAGE + at, ecc=ecc) for at in range(AT_ONCE))
    kernel = NumpyKernel(size)
    assert kernel.sift(good, FIRST_PAGE).suspects == ()
    for _ in range(FLIPS // AT_ONCE):
        pages: NDArray[np.uint8] = np.frombuffer(good, np.uint8).reshape(AT_ONCE, size).copy()
        flipped = [tuple(sorted(random.sample(range(size * 8), bits_each))) for _ in range(AT_ONCE)]
        for bits in np.array(flipped).T:
            pages[range(AT_ONCE), bits // 8] ^= (1 << bits % 8).astype(np.uint8)
        assert kernel.sift(pages.tobytes(), FIRST_PAGE).suspects == list(range(AT_ONCE))
        for at, bits in enumerate(flipped):
            yield FIRST_PAGE + at, pages[at].tobytes(), bits


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_one_flipped_bit_is_always_named_or_the_page_is_bad(size: int) -> None:
    corrected = 0
    for number, damaged, bits in damaged_pages(size, 1, ecc=True):
        judgement = judge(damaged, number)
        if bits[0] < 64 or bits[0] == FORMAT_FLAG_BIT:
            assert judgement.fault in {Fault.BAD, Fault.MISPLACED}
            assert not (judgement.fault is Fault.MISPLACED and judgement.certain)
        else:
            assert (judgement.fault, judgement.bits) == (Fault.CORRECTABLE, bits)
            corrected += 1
    assert corrected > FLIPS * 0.99


@pytest.mark.parametrize("size", SMALL)
def test_one_flipped_bit_of_an_old_page_makes_it_bad(size: int) -> None:
    for number, damaged, _ in damaged_pages(size, 1, ecc=False):
        assert judge(damaged, number).fault is Fault.BAD


@pytest.mark.parametrize("size", SMALL)
def test_two_flipped_bits_of_a_small_page_are_never_corrected(size: int) -> None:
    for number, damaged, bits in damaged_pages(size, 2, ecc=True):
        fault = judge(damaged, number).fault
        assert fault is Fault.BAD or (fault is Fault.MISPLACED and max(bits) < 32)


@pytest.mark.parametrize("size", LARGE)
def test_two_flipped_bits_of_a_large_page_are_corrected_in_different_blocks_alone(size: int) -> None:
    block = size * 2  # bits
    beside = 0
    for number, damaged, bits in damaged_pages(size, 2, ecc=True):
        judgement = judge(damaged, number)
        if bits[0] // block == bits[1] // block or bits[0] < 64 or bits[0] == FORMAT_FLAG_BIT:
            assert judgement.fault is Fault.BAD
        else:
            assert (judgement.fault, judgement.bits) == (Fault.CORRECTABLE, bits)
            beside += 1
    assert beside > FLIPS // 2
