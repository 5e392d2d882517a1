"""An agent that listens: the orchestrator dials it, and both keys are checked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from orchestrator.hosts.agent.answering import answer_requests
from orchestrator.hosts.agent.dispatch import handlers
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.messages import MOST_BYTES
from orchestrator.hosts.agent.paths import AGENT, CLOSE_S, HUB_HEARTBEAT_S
from orchestrator.hosts.agent.serving import AgentService
from orchestrator.hosts.agent.tls import is_orchestrator, key_of_peer, server_context


@dataclass(frozen=True, slots=True)
class Listening:
    """How an agent listens.

    Attributes:
        host: address to bind.
        port: 0 for a free one.
        files: the agent's.
        orchestrator: fingerprint of the only key that may ask; empty for any that the installation's own
            authority made for an orchestrator.
    """

    host: str
    port: int
    files: TlsFiles
    orchestrator: str = ""


@asynccontextmanager
async def serve_orchestrators(listening: Listening, service: AgentService) -> AsyncIterator[int]:
    """Answer orchestrators until the block ends; yield the port."""
    table = handlers(service)

    async def serve(http: web.Request) -> web.WebSocketResponse:
        if not _may_ask(http.transport, listening.orchestrator):
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(
            timeout=CLOSE_S, heartbeat=HUB_HEARTBEAT_S, max_msg_size=MOST_BYTES, compress=False
        )
        await socket.prepare(http)
        await answer_requests(socket, table)
        return socket

    application = web.Application(client_max_size=0)
    application.router.add_get(AGENT, serve)
    context = await asyncio.to_thread(server_context, listening.files, anonymous_too=False)
    async with serving(application, listening.host, listening.port, context) as port:
        yield port


@asynccontextmanager
async def serving(
    application: web.Application, host: str, port: int, context: ssl.SSLContext
) -> AsyncIterator[int]:
    """Serve an application until the block ends; yield the port."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=CLOSE_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=context).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _may_ask(transport: asyncio.BaseTransport | None, fingerprint: str) -> bool:
    if fingerprint:
        return key_of_peer(transport) == fingerprint.lower()
    return is_orchestrator(transport)
