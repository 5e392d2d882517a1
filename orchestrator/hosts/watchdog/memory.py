"""What keeps a watchdog at hand while its machine is short of memory: writers stand still, buffers fill."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import Final

MCL_CURRENT: Final = 1  # sys/mman.h
MCL_ONFAULT: Final = 4
NEVER_KILLED: Final = "-1000"  # proc(5), oom_score_adj


def stay_in_memory() -> None:
    """Keep every page that is in use in memory, and be the last to be killed, as far as we are allowed to.

    Whole libraries and the stacks of threads to come are left out: they would be three times as much.
    """
    ctypes.CDLL(None).mlockall(MCL_CURRENT | MCL_ONFAULT)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(NEVER_KILLED)
