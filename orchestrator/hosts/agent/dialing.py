"""An agent that dials out: one connection to its hub, for ever."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from orchestrator.errors import HostError
from orchestrator.hosts.agent.answering import answer_requests
from orchestrator.hosts.agent.dispatch import handlers
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.messages import MOST_BYTES
from orchestrator.hosts.agent.paths import AGENT, CLOSE_S, CONNECT_S, HEARTBEAT_S, VERSION_HEADER
from orchestrator.hosts.agent.serving import AgentService
from orchestrator.hosts.agent.tls import client_context

# The first tries come quickly: the orchestrator may wait to thaw. Later ones spare a hub that comes up again
# and finds a thousand agents at its door.
FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 60.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Hub:
    """How an agent reaches its hub.

    Attributes:
        url: `https://HOST:PORT`.
        files: the agent's.
        proxy: `http://HOST:PORT` of a proxy that takes CONNECT.
        version: of Quiesce, for the hub's records.
    """

    url: str
    files: TlsFiles
    version: str
    proxy: str | None = None


async def serve_hub(hub: Hub, service: AgentService) -> None:
    """Keep one connection to the hub and answer on it, until cancelled."""
    table = handlers(service)
    while True:
        session, socket = await _connected(hub, service)
        try:
            await answer_requests(socket, table)
        finally:
            await socket.close()
            await session.close()
        # The next wait begins anew, but never at nothing: a hub may drop us right away, again and again.
        await asyncio.sleep(FIRST_WAIT_S * (0.5 + random.random()))  # noqa: S311 - no secret


async def _connected(
    hub: Hub, service: AgentService
) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    attempts = AsyncRetrying(
        retry=retry_if_exception_type(HostError),
        wait=wait_random_exponential(FIRST_WAIT_S, max=LONGEST_WAIT_S),
    )
    async for attempt in attempts:
        with attempt:
            try:
                return await _connect(hub)
            except HostError as error:
                if attempt.retry_state.attempt_number == 1 and not service.in_window:
                    log.warning("hub not reached", hub=hub.url, why=error.what)
                raise
    raise AssertionError  # the attempts have no end


async def _connect(hub: Hub) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    context = await asyncio.to_thread(client_context, hub.files, by_name=True)  # it may have been renewed
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=1), timeout=aiohttp.ClientTimeout(total=None)
    )
    try:
        async with asyncio.timeout(CONNECT_S):
            return session, await session.ws_connect(
                hub.url.rstrip("/") + AGENT,
                headers={VERSION_HEADER: hub.version},
                heartbeat=HEARTBEAT_S,
                max_msg_size=MOST_BYTES,
                proxy=hub.proxy,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            )
    except BaseException as error:
        with suppress(aiohttp.ClientError, OSError):
            await session.close()
        if isinstance(error, (aiohttp.ClientError, OSError, ValueError)):
            raise HostError("host.unreachable", _why(error), subject=hub.url) from None
        raise


def _why(error: Exception) -> str:
    match error:
        case aiohttp.WSServerHandshakeError(status=403):
            return "the hub does not know this agent's key (any more)"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return "who answers is not the hub that this agent was enrolled with"
        case TimeoutError():
            return f"no answer within {CONNECT_S:g} s"
        case _:
            return f"cannot connect ({type(error).__name__})"
