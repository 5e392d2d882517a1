"""Broken inputs for parsers: real ones with a few wounds, and noise.

`FUZZ_EXAMPLES` in the environment sets how many each fuzz test tries; `make nightly` sets a great many.
"""

from __future__ import annotations

import os
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "2000"))

# The 32-bit numbers at which sums and signs turn over.
EXTREMES: Final = (b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80")

fuzzed: Final = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,  # the same inputs every night; a failure is not lost with the machine that saw it
    database=None,
    suppress_health_check=list(HealthCheck),
)


@st.composite
def damaged(draw: Any, *samples: bytes) -> bytes:
    """Return one of the samples with up to eight wounds, or noise of any length up to 64 bytes."""
    if draw(st.integers(0, 15)) == 0:
        return draw(st.binary(max_size=64))  # type: ignore[no-any-return] # draw is not typed
    data = bytearray(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, 8))):
        _wound(draw, data)
    return bytes(data)


def _wound(draw: Any, data: bytearray) -> None:
    if not data:
        return
    at = draw(st.integers(0, len(data) - 1) | st.integers(0, min(len(data) - 1, 1023)))
    match draw(st.integers(0, 5)):
        case 0:
            data[at] ^= 1 << draw(st.integers(0, 7))
        case 1:
            data[at : at + 4] = draw(st.sampled_from(EXTREMES))
        case 2:
            data[at : at + 8] = draw(st.binary(min_size=8, max_size=8))
        case 3:
            del data[at:]
        case 4:
            length = draw(st.integers(1, 4096))
            data[at : at + length] = bytes(len(data[at : at + length]))
        case _:
            other = draw(st.integers(0, len(data) - 1))
            data[at : at + 64] = data[other : other + len(data[at : at + 64])]
