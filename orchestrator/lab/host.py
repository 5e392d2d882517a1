"""Serving an emulated host on this machine's loopback."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from typing import IO, Any, Final, Protocol

from aiohttp import web

from orchestrator.errors import BadInput

# By kind, "module:function" of what makes an emulator of settings; a reference, as for emulated arrays.
EMULATORS: Final = {
    "emulated-exchange": "orchestrator.hosts.emulated_exchange.emulator.server:from_settings",
}
# How long requests under way may still take once the lab stops.
SHUTDOWN_S: Final = 0.2


class HostEmulator(Protocol):
    """What a host emulator offers to be served."""

    def application(self) -> web.Application:
        """Return what is to be served."""

    def describe(self) -> Mapping[str, Any]:
        """Return what a coordinator needs besides kind and url, credentials among it."""


def host_emulator(kind: str, settings: Mapping[str, Any]) -> HostEmulator:
    """Make an emulator. It reads files: not on an event loop.

    Raises:
        BadInput: no such kind, or the settings do not fit.
    """
    if kind not in EMULATORS:
        raise BadInput("input.unknown-kind", f"the lab emulates {', '.join(EMULATORS)}", subject=kind)
    module, _, attribute = EMULATORS[kind].partition(":")
    emulator: HostEmulator = getattr(import_module(module), attribute)(settings)
    return emulator


@asynccontextmanager
async def serve_host(kind: str, emulator: HostEmulator, port: int = 0) -> AsyncIterator[dict[str, Any]]:
    """Serve an emulator on 127.0.0.1 until the block ends; yield what it announces. Port 0: a free one."""
    runner = web.AppRunner(emulator.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        yield {"kind": kind, "url": url, "pid": os.getpid(), **emulator.describe()}
    finally:
        await runner.cleanup()


async def serve_until_stopped(
    kind: str,
    emulator: HostEmulator,
    announce: Callable[[Mapping[str, Any]], None],
    *,
    port: int = 0,
    lifeline: IO[Any] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the lifeline closes.

    Args:
        kind: of the emulator.
        emulator: what to serve.
        announce: called once, when the host can be reached.
        port: 0 for a free one.
        lifeline: a pipe whose other end the parent holds: it closes however the parent ends.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if lifeline is not None:
        await loop.connect_read_pipe(lambda: _Lifeline(stop), lifeline)
    async with serve_host(kind, emulator, port) as announcement:
        announce(announcement)
        await stop.wait()


class _Lifeline(asyncio.Protocol):
    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()
