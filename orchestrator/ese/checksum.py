"""Checksums of headers, pages and log segments, in plain Python.

Both are XORs, so a block is folded upon itself as one large integer until a word is left. `kernel_numpy` and
`kernel_numba` compute the same for many pages at once.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview

HEADER_SEED: Final = (
    0x89ABCDEF  # ulLogMagic / ulDAEMagic: every XOR of a header or of an old page starts with it
)


def header_checksum(block: Buffer) -> int:
    """Return the 32 bits that belong at offset 0 of a header (or of an old page): XOR of all words behind it.

    Source: ESE _osu/checksumu.cxx, and every header of the samples.
    """
    value = int.from_bytes(block[4:], "little")
    bits = _power_of_two(len(block)) * 8
    while bits > 32:
        bits //= 2
        value = (value >> bits) ^ (value & ((1 << bits) - 1))
    return value ^ HEADER_SEED


def block_checksum(block: Buffer, number: int, *, skip_first: bool = True) -> int:
    """Return the 64 bits of a block in the newer format: XOR ^ number in the low half, ECC in the high half.

    The ECC is the XOR of the indices of all set bits (`lo`), and again with every index complemented (`hi`).
    Bit k of `lo` is the parity of those bits whose index has bit k set: they are one half of a fold.

    Args:
        block: 2, 4 or 8 KiB (any power of two): a small page, a quarter of a large one, a log segment.
        number: of the page, or the index of the segment.
        skip_first: the first 8 bytes hold the checksum itself, and count as 0.
    """
    value = int.from_bytes(block, "little")
    if skip_first:
        value = (value >> 64) << 64
    bits = _power_of_two(len(block)) * 8
    last, lo, word = bits - 1, 0, 0
    while bits > 1:
        if bits == 32:
            word = value
        bits //= 2
        upper = value >> bits
        value = upper ^ (value & ((1 << bits) - 1))
        lo |= bits * (upper.bit_count() & 1)
    hi = lo ^ last if value else lo
    return (word ^ number) & 0xFFFFFFFF | (lo | hi << 16) << 32


def _power_of_two(size: int) -> int:
    """Round up: what lies behind the end of an odd block counts as zeros."""
    return 1 << max(size - 1, 3).bit_length()
