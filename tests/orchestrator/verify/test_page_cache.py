from __future__ import annotations

import pytest

from orchestrator.verify import page_cache
from orchestrator.verify.page_cache import PageCache
from tests.orchestrator.verify.made_files import database, page
from tests.orchestrator.verify.sources import MemoryFile, Recorder


@pytest.mark.parametrize("page_size", [2048, 4096, 32768])
def test_pages_are_handed_out_by_number(page_size: int) -> None:
    cache = PageCache(MemoryFile(database(page_size, pages=40)), page_size, Recorder())
    assert all(cache.read(number) == page(number, page_size) for number in (1, 40, 7, 7, 39))


@pytest.mark.parametrize("number", [-1, 0, 11, 1 << 31])
def test_there_is_no_page_outside_the_file(number: int) -> None:
    cache = PageCache(MemoryFile(database(pages=10)), 4096, Recorder())
    assert cache.read(number) is None
    assert cache.page_count == 10


def test_a_page_that_is_cut_off_is_none() -> None:
    assert PageCache(MemoryFile(database(pages=10)[:-1]), 4096, Recorder()).read(10) is None
    assert PageCache(MemoryFile(database(pages=10), ends_at=30_000), 4096, Recorder()).read(7) is None


def test_neighbours_are_read_once_and_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "BLOCK_BYTES", 16384)
    monkeypatch.setattr(page_cache, "BLOCKS", 2)
    source = MemoryFile(database(pages=40))
    cache = PageCache(source, 4096, Recorder())
    for number in (1, 2, 3, 4, 5, 1):  # pages 1 and 2 share a block with the headers, 3 to 6 the next
        cache.read(number)
    assert source.requests == [(0, 16384), (16384, 16384)]
    cache.read(7)  # takes the place of what was not used for longest
    cache.read(1)
    assert len(source.requests) == 3
    cache.read(3)
    assert len(source.requests) == 4


def test_every_request_is_asked_for() -> None:
    control, source = Recorder(), MemoryFile(database(pages=100))
    cache = PageCache(source, 4096, control)
    for number in (1, 50, 99):
        cache.read(number)
    assert control.taken == [length for _, length in source.requests]


def test_a_damaged_page_is_not_handed_out() -> None:
    marks = ((3, 5, "bad"), (8, 8, "correctable"))
    cache = PageCache(MemoryFile(database(pages=10)), 4096, Recorder(), marks)
    assert [number for number in range(1, 11) if cache.read(number) is None] == [3, 4, 5, 8]
