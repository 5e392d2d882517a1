from __future__ import annotations

import pytest

from orchestrator.ese.checksum import block_checksum, header_checksum
from orchestrator.ese.page_layout import PAGE_SIZES
from orchestrator.ese.sealing import seal_header, seal_page, seal_segment
from tests.ese_samples import sample
from tests.orchestrator.ese.page_building import page


def by_definition(block: bytes, number: int, skip_first: bool) -> int:
    """Go through the block bit by bit, as the format is described."""
    counted = (bytes(8) + block[8:]) if skip_first else block
    words = 0
    for at in range(0, len(counted), 4):
        words ^= int.from_bytes(counted[at : at + 4], "little")
    low = high = 0
    for index in range(len(counted) * 8):
        if counted[index // 8] >> index % 8 & 1:
            low ^= index
            high ^= index ^ (len(counted) * 8 - 1)
    return words ^ number | (low | high << 16) << 32


@pytest.mark.parametrize("size", [64, 512, 2048])
@pytest.mark.parametrize("skip_first", [True, False])
def test_a_block_is_summed_up_as_the_format_says(size: int, skip_first: bool) -> None:
    block = bytes(page(2048, 7))[:size]
    assert block_checksum(block, 7, skip_first=skip_first) == by_definition(block, 7, skip_first)


def test_the_largest_block_fits_in_the_halves_of_the_ecc() -> None:
    block = bytes(8191) + b"\x80"
    assert block_checksum(block, 0) == 1 << 31 | 0xFFFF << 32


def test_a_header_is_summed_up_as_the_format_says() -> None:
    assert header_checksum(bytes(4096)) == 0x89ABCDEF
    assert (
        header_checksum(b"\xff" * 8 + bytes(2040) + b"\x01\x02\x03\x04")
        == 0x89ABCDEF ^ 0xFFFFFFFF ^ 0x04030201
    )


@pytest.mark.parametrize("size", [0, 1, 3, 5, 63, 100, 3000])
def test_what_is_no_whole_block_counts_as_if_zeros_followed(size: int) -> None:
    data = bytes(page(4096, 9))[:size]
    longer = data + bytes(4096 - size)
    assert header_checksum(data) == header_checksum(longer)
    short, long = (block_checksum(each, 3, skip_first=False) & 0xFFFFFFFF for each in (data, longer))
    assert short == long


@pytest.mark.parametrize(
    ("name", "page_size"),
    [
        ("srum-win11-dirty/SRUDB.dat", 4096),
        ("synthetic-e2003/priv1.edb", 4096),
        ("dbs/decompress-8k-clean.edb", 8192),
        ("dbs/qmgr-win11-16k-dirty.db", 16384),
    ],
)
def test_sealing_a_real_page_again_changes_nothing(name: str, page_size: int) -> None:
    data = sample(name)
    assert header_checksum(data[:page_size]) == int.from_bytes(data[:4], "little")
    used = 0
    for at in range(2 * page_size, min(len(data), 100 * page_size), page_size):
        original = data[at : at + page_size]
        if any(original):
            sealed = bytearray(original)
            seal_page(sealed, at // page_size - 1, ecc=bool(original[37] & 0x20))
            assert sealed == original
            used += 1
    assert used > 20


def test_sealing_a_real_log_segment_again_changes_nothing() -> None:
    log = sample("srum-win11-dirty/SRU00059.log")
    for index in range(1, 15):
        segment = bytearray(log[index * 4096 : (index + 1) * 4096])
        seal_segment(segment, index)
        assert segment == log[index * 4096 : (index + 1) * 4096]


@pytest.mark.parametrize("size", PAGE_SIZES)
def test_a_large_page_has_no_old_form(size: int) -> None:
    assert bool(page(size, 5, ecc=False)[37] & 0x20) is (size >= 16384)


def test_a_sealed_header_bears_its_checksum() -> None:
    block = bytearray(b"\x5a" * 2048)
    seal_header(block)
    assert int.from_bytes(block[:4], "little") == header_checksum(block)
