"""What the two fast kernels have in common: they class every page, and then count."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from orchestrator.ese.header_fields import Buffer
from orchestrator.ese.kernel import Sifted

Words: TypeAlias = NDArray[np.uint64]
Classes: TypeAlias = NDArray[np.uint8]

SUSPECT: Final = 0
NEW: Final = 1
OLD: Final = 2
BLANK: Final = 3

# Those bits of a word whose index has bit k set.
COLUMNS: Final = np.array([sum(1 << i for i in range(64) if i >> k & 1) for k in range(6)], np.uint64)


def page_words(buffer: Buffer, page_size: int) -> Words:
    """Return whole pages as rows of 64-bit words; they are copied only if they lie at an odd address."""
    count = len(memoryview(buffer)) // page_size * page_size // 8
    words = np.frombuffer(buffer, "<u8", count)
    if not words.flags.aligned:
        words = words.copy()
    words.flags.writeable = False
    return words.reshape(-1, page_size // 8)


def counted(classes: Classes, dbtimes: Words, first_page: int) -> Sifted:
    """Count the classes, and find the highest dbtime among the good pages."""
    counts = np.bincount(classes, minlength=4)
    highest = index = 0
    if counts[NEW] + counts[OLD]:
        # Signed, as in the engine: what is below 0 marks pages that were shrunk away or reverted.
        of_good = np.where((classes == NEW) | (classes == OLD), dbtimes, 0).view(np.int64)
        index = int(of_good.argmax())
        highest = max(int(of_good[index]), 0)
    return Sifted(
        int(counts[NEW]),
        int(counts[OLD]),
        int(counts[BLANK]),
        np.flatnonzero(classes == SUSPECT).tolist() if counts[SUSPECT] else (),
        highest,
        first_page + index if highest else 0,
    )
