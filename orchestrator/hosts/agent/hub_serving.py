"""Puts the hub on its two doors: TLS for agents, a Unix socket of the installation's owner for callers."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web

from orchestrator.errors import BadInput, Refused
from orchestrator.hosts.agent import paths
from orchestrator.hosts.agent.hub import AgentHub
from orchestrator.hosts.agent.hub_enrolment import MOST_BYTES, EnrolmentDesk
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.listening import serving
from orchestrator.hosts.agent.tls import server_context

_LONGEST_PATH: Final = 107  # bytes of sun_path but for the zero at its end: unix(7)
_QUEUE: Final = 128


@asynccontextmanager
async def serve_hub(
    hub: AgentHub, files: TlsFiles, host: str, port: int, callers: Path
) -> AsyncIterator[int]:
    """Serve agents on a port (0 for a free one) and callers on a Unix socket; yield the port.

    Raises:
        BadInput: `agent.key-unusable`; the path of the socket is too long.
        Refused: `agent.hub-running`.
    """
    desk = EnrolmentDesk(hub.admissions)
    outside = web.Application(client_max_size=MOST_BYTES)
    outside.router.add_get(paths.AGENT, hub.serve_agent)
    outside.router.add_post(paths.ENROL, desk.enrol)
    outside.router.add_post(paths.RENEW, desk.renew)
    context = await asyncio.to_thread(server_context, files, anonymous_too=True)
    async with _serving_callers(hub, callers), serving(outside, host, port, context) as bound:
        looking = asyncio.create_task(hub.look())
        try:
            yield bound
        finally:
            looking.cancel()
            await asyncio.wait({looking})


@asynccontextmanager
async def _serving_callers(hub: AgentHub, path: Path) -> AsyncIterator[None]:
    inside = web.Application()
    inside.router.add_get(paths.CALLER, hub.serve_caller)
    listener = await asyncio.to_thread(_bound, path)
    runner = web.AppRunner(inside, access_log=None, shutdown_timeout=paths.CLOSE_S)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _bound(path: Path) -> socket.socket:
    """Bind a socket that its owner alone may use; whoever listened there before must be dead."""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        what = (
            f"The path of the hub's socket has more than {_LONGEST_PATH} bytes; use a shorter state folder."
        )
        raise BadInput("input.bad-environment", what, subject=str(path))
    if _answers(path):
        raise Refused("agent.hub-running", "A hub answers there already.", subject=str(path))
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can connect before it listens
        listener.listen(_QUEUE)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
