"""The clock that the agent and the VSS provider share: milliseconds since Windows started."""

from __future__ import annotations

import sys
import time

if sys.platform == "win32":
    import ctypes

    _tick_count = ctypes.WinDLL("kernel32").GetTickCount64
    _tick_count.restype = ctypes.c_ulonglong

    def tick_count_ms() -> int:
        """Read GetTickCount64. Python's own monotonic clock is another one from 3.13 on."""
        return int(_tick_count())

else:

    def tick_count_ms() -> int:
        """Read this machine's monotonic clock, where tests run."""
        return time.monotonic_ns() // 1_000_000
