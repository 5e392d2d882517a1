"""Which single bit of a block is wrong, if one is (ESE _osu/checksumu.cxx)."""

from __future__ import annotations


def locate(difference: int, block_size: int, *, skip_first: bool = True) -> int | None:
    """Return the number of the wrong bit (byte * 8 + bit in it), or None if no single one explains it all.

    Flipping bit i changes the XOR by one bit, in the column i % 32, the low half of the ECC by i, and the
    high half by the complement of i. All three must agree; two wrong bits never look like one.

    Args:
        difference: stored XOR computed checksum, 64 bits, not 0.
        block_size: in bytes.
        skip_first: the first 8 bytes hold the checksum, which no bit of its own is counted in.
    """
    word, ecc = difference & 0xFFFFFFFF, difference >> 32
    bit, last = ecc & 0xFFFF, block_size * 8 - 1
    if bit > last or ecc != bit | (bit ^ last) << 16 or word != 1 << bit % 32:
        return None
    return None if skip_first and bit < 64 else bit
