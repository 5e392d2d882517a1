"""Waiting for what another process does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 8.0
LOOK_S = 0.002


async def until(happened: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < give_up_at, "it never happened"
        await asyncio.sleep(LOOK_S)
