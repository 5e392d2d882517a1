"""Serving emulated arrays over TLS on this machine's loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from orchestrator.lab.certificates import LabCertificates
from orchestrator.plugin import ArrayEmulator

# How long requests under way may still take once the lab stops.
SHUTDOWN_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class ServedArray:
    """One emulated array that can be reached at `url`, verified with `ca_file`."""

    emulator: ArrayEmulator
    url: str
    ca_file: Path

    def announcement(self) -> dict[str, Any]:
        """Return what another process must know to use the array and to control the lab."""
        described = dict(self.emulator.describe())
        control_key = described.pop("control_key")
        return {
            "kind": self.emulator.kind,
            "url": self.url,
            "ca_file": str(self.ca_file),
            "credentials": dict(self.emulator.credentials),
            "control": {"url": f"{self.url}/_lab", "key": control_key},
            **described,
        }


@asynccontextmanager
async def serve_array(
    emulator: ArrayEmulator, certificates: LabCertificates, port: int = 0
) -> AsyncIterator[ServedArray]:
    """Serve an emulated array on 127.0.0.1 until the block ends; port 0 is a free one."""
    runner = web.AppRunner(emulator.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=certificates.server).start()
        bound_port = runner.addresses[0][1]
        yield ServedArray(emulator, f"https://127.0.0.1:{bound_port}", certificates.ca_file)
    finally:
        await runner.cleanup()


async def serve_until(
    stop: asyncio.Event,
    emulators: Sequence[ArrayEmulator],
    certificates: LabCertificates,
    announce: Callable[[Mapping[str, Any]], None],
    port: int = 0,
) -> None:
    """Serve several emulated arrays at once, each on a port of its own, and announce each one.

    A port other than 0 is the first array's; the others follow it.
    """
    async with AsyncExitStack() as stack:
        for index, emulator in enumerate(emulators):
            served = await stack.enter_async_context(
                serve_array(emulator, certificates, port + index if port else 0)
            )
            announce(served.announcement())
        await stop.wait()
