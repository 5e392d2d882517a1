"""A folder to hold, and watchdogs of which none is left over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.hosts.watchdog.client import Watchdog
from orchestrator.hosts.watchdog.lease import LeaseClaim
from tests.orchestrator.hosts.watchdog.folder_hold import HoldFolder
from tests.orchestrator.hosts.watchdog.processes import watchdogs_of

Start = Callable[[], Awaitable[Watchdog]]


@pytest.fixture
def held(tmp_path: Path) -> HoldFolder:
    return HoldFolder(tmp_path / "held")


@pytest.fixture
def claim(tmp_path: Path) -> LeaseClaim:
    return LeaseClaim(tmp_path / "run", "fake", str(uuid4()), 7, str(uuid4()))


@pytest.fixture(autouse=True)
def no_watchdog_is_left() -> Iterator[None]:
    yield
    assert watchdogs_of(os.getpid()) == []


@pytest.fixture
async def start(held: HoldFolder, claim: LeaseClaim) -> AsyncIterator[Start]:
    """Return a function that starts a watchdog; it is ended, and its lease is gone, after the test."""
    started: list[Watchdog] = []

    async def begin() -> Watchdog:
        started.append(await Watchdog.start(held.spec, claim))
        await started[-1].prepare()
        return started[-1]

    yield begin
    for one in started:
        with suppress(TimeoutError):
            async with asyncio.timeout(1.5):  # a second try takes over from one that hangs
                await one.end()
        await one.end()
    assert not held.frozen
    assert not list(claim.folder.glob("*"))
