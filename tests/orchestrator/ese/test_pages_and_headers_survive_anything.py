from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.kernel_numpy import NumpyKernel
from orchestrator.ese.kernel_python import PythonKernel
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.pages import PageChecker
from orchestrator.ese.reports import Copy
from tests.fuzzing import damaged, fuzzed
from tests.orchestrator.ese.page_building import header, page

pytestmark = pytest.mark.many

STARTS = [bytes(header(size, dbstate=2) + header(size, dbstate=3)) for size in PAGE_SIZES]
RUNS = {
    size: bytes(page(size, 1) + page(size, 2, ecc=False) + bytes(size) + page(size, 4)) for size in PAGE_SIZES
}
CHECKERS = {
    size: [PageChecker(size, "a.edb", kernel=make(size)) for make in (NumpyKernel, PythonKernel)]
    for size in PAGE_SIZES
}


@fuzzed
@given(damaged(*STARTS))
def test_reading_headers_only_ever_finds(start: bytes) -> None:
    pair = read_header_pair(start, "a.edb")
    assert (pair.header is None) == (pair.primary is pair.shadow is Copy.BAD)
    assert bool(pair.findings) == (pair.header is None or {pair.primary, pair.shadow} != {Copy.GOOD})


@fuzzed
@given(st.data())
def test_checking_pages_only_ever_finds(draw: st.DataObject) -> None:
    size = draw.draw(st.sampled_from(PAGE_SIZES))
    data, first_page = draw.draw(damaged(RUNS[size])), draw.draw(st.integers(0, 1 << 32))
    report, slow = (checker.check(memoryview(data), first_page) for checker in CHECKERS[size])
    assert report == slow
    counts = report.counts
    assert counts.data == len(data) // size
    assert counts.data == counts.new + counts.old + counts.blank + counts.bad + counts.correctable
    assert len(report.findings) == counts.bad + counts.correctable
