"""Sifts pages: those that are plainly good are only counted. A kernel does that fast, and nothing else.

Three kernels do the same: `kernel_python` says what it is, in few lines; `kernel_numpy` is the usual one;
`kernel_numba` runs at the speed of memory. What they hold back as suspect, `page_judgement` looks at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from orchestrator.ese.header_fields import Buffer


class Sifted(NamedTuple):
    """What a run of pages holds at first sight.

    Attributes:
        new: good pages with ECC.
        old: good pages with XOR alone.
        blank: pages that are all zero.
        suspects: indices in the run, in order, of all others.
        highest_dbtime: of the good ones; 0 if none has any.
        highest_dbtime_page: number of the first page that has it.
    """

    new: int
    old: int
    blank: int
    suspects: Sequence[int]
    highest_dbtime: int
    highest_dbtime_page: int


class Kernel(Protocol):
    """For pages of one size and one thread: it keeps buffers of its own."""

    def sift(self, buffer: Buffer, first_page: int) -> Sifted:
        """Sift whole pages; `first_page` is the number of the first of them."""
