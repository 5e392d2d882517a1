from __future__ import annotations

import pytest

from orchestrator.ese.bit_location import locate
from orchestrator.ese.checksum import block_checksum
from tests.orchestrator.ese.page_building import flip

SIZES = (2048, 4096, 8192)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("skip_first", [True, False])
def test_a_wrong_bit_is_located(size: int, skip_first: bool) -> None:
    good = bytearray(size)
    stored = block_checksum(good, 7, skip_first=skip_first)
    for bit in (0, 63, 64, 65, 1000, size * 4, size * 8 - 1):
        difference = stored ^ block_checksum(flip(good, bit), 7, skip_first=skip_first)
        if skip_first and bit < 64:
            assert difference == 0
        else:
            assert locate(difference, size, skip_first=skip_first) == bit


def test_a_bit_of_the_checksum_itself_is_no_bit_of_the_page() -> None:
    for bit in (0, 31, 63):
        difference = 1 << bit % 32 | (bit | (bit ^ 32767) << 16) << 32
        assert locate(difference, 4096, skip_first=False) == bit
        assert locate(difference, 4096) is None


def test_no_bit_is_located_behind_the_end() -> None:
    bit = 32768 + 64
    assert locate(1 << bit % 32 | (bit | (bit ^ 32767) << 16) << 32, 4096) is None
    assert locate(1 << bit % 32 | (bit | (bit ^ 65535) << 16) << 32, 8192) == bit


@pytest.mark.parametrize("wrong", [1 << 1, 1 << 40, 1 << 60, 1 << 33 | 1 << 49])
def test_all_that_a_flipped_bit_changes_must_agree(wrong: int) -> None:
    difference = 1 << 1000 % 32 | (1000 | (1000 ^ 32767) << 16) << 32
    assert locate(difference, 4096) == 1000
    assert locate(difference ^ wrong, 4096) is None
