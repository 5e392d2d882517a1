"""Whatever the pages hold, the walk ends and only returns findings."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Final, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.logical import walk
from orchestrator.ese.reports import DatabaseHeader
from orchestrator.model.verification import ContentFinding
from tests.ese_samples import sample
from tests.fuzzing import EXTREMES, damaged, fuzzed
from tests.orchestrator.ese.logical.forge import HEADER, PAGES, Forge

pytestmark = pytest.mark.many

FORGED: Final = {size: {n: Forge(size).read(n) for n in Forge(size).pages} for size in (2048, 4096, 32768)}
READS: Final = 200  # a page: each pointer costs one at most, and a tree that leads astray is given up


class Real(NamedTuple):
    """A real database, too long to be printed beside a seed."""

    header: DatabaseHeader
    pages: dict[int, bytes]

    def __repr__(self) -> str:
        return "Real(...)"


@pytest.fixture(scope="module")
def real() -> Real:
    data = sample("dbs/decompress-8k-clean.edb")
    header = read_header_pair(data[:65536], "x").header
    assert header is not None
    pages = {number: data[(number + 1) * 8192 : (number + 2) * 8192] for number in range(1, 255)}
    return Real(header, {number: page for number, page in pages.items() if any(page)})


def walked(header: DatabaseHeader, pages: dict[int, bytes], count: int) -> tuple[ContentFinding, ...]:
    reads = 0

    def advance(more: int) -> None:
        nonlocal reads
        reads += more
        assert reads < READS * (count + 1)

    blank = bytes(header.page_size)
    findings = walk(lambda number: pages.get(number, blank), header, "x", count, advance)
    assert all(isinstance(finding, ContentFinding) for finding in findings)
    return findings


def wounded(random: Random, page: bytes) -> bytes:
    """Return a page with a few numbers changed where the numbers are: header, tags, starts of lines."""
    data = bytearray(page)
    for _ in range(random.randint(1, 6)):
        low, high = random.choice(((16, 40), (len(data) - 64, len(data)), (40, 160), (0, len(data))))
        value = random.choice((*EXTREMES, random.randbytes(1), random.randbytes(2), random.randbytes(4)))
        at = random.randrange(low, high)
        data[at : at + len(value)] = value
    return bytes(data[: len(page)])


def wound_some(random: Random, pages: dict[int, bytes]) -> dict[int, bytes]:
    chosen = random.sample(sorted(pages), random.randint(1, 3))
    return pages | {number: wounded(random, pages[number]) for number in chosen}


@fuzzed
@given(st.integers(0, 2**32))
def test_forged_pages_with_wrong_numbers(seed: int) -> None:
    random = Random(seed)  # noqa: S311 # not for secrets
    size = random.choice(sorted(FORGED))
    header = replace(HEADER, page_size=size, state=random.choice((2, 3)))
    walked(header, wound_some(random, FORGED[size]), PAGES)


@fuzzed
@given(st.integers(0, 2**32))
@example(13618)  # a column behind the end of its record, and another behind that
def test_real_pages_with_wrong_numbers(real: Real, seed: int) -> None:
    walked(real.header, wound_some(Random(seed), real.pages), 254)  # noqa: S311 # not for secrets


@fuzzed
@given(st.integers(0, PAGES + 1), st.sampled_from(sorted(FORGED[4096])), damaged(*FORGED[4096].values()))
def test_any_page_in_the_place_of_another(count: int, number: int, page: bytes) -> None:
    walked(HEADER, FORGED[4096] | {number: page.ljust(4096, b"\0")[:4096]}, count)
