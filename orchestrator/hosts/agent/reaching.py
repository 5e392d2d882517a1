"""How the orchestrator reaches an agent: through the hub's socket, or by dialling an agent that listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import aiohttp

from orchestrator.errors import HostError
from orchestrator.hosts.agent.asking import Connection
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.messages import MOST_BYTES
from orchestrator.hosts.agent.paths import AGENT, CALLER, CLOSE_S, CONNECT_S, HEARTBEAT_S
from orchestrator.hosts.agent.tls import client_context, demand_pinned


class Way(Protocol):
    """A way to one agent."""

    async def open(self) -> Connection:
        """Return a new connection.

        Raises:
            HostError: `host.unreachable`, `agent.wrong-peer`.
        """


@dataclass(frozen=True, slots=True)
class ThroughHub:
    """By the Unix socket of the hub on this machine.

    Attributes:
        name: what the admin calls the host.
        socket: where the hub listens.
        agent_id: which agent.
    """

    name: str
    socket: Path
    agent_id: str

    async def open(self) -> Connection:
        """Connect to the hub, which says with the first answer whether the agent is there."""
        connector = aiohttp.UnixConnector(str(self.socket))
        url = "http://hub" + CALLER.format(agent_id=self.agent_id)
        return await _open(self.name, connector, url, "is the hub running (`quiesce agent hub`)?")


@dataclass(frozen=True, slots=True)
class ByDialling:
    """By TLS, to an agent that listens.

    Attributes:
        name: what the admin calls the host.
        url: `https://HOST:PORT`.
        files: returns the orchestrator's own; blocks.
        fingerprint: of the agent's key.
    """

    name: str
    url: str
    files: Callable[[], TlsFiles]
    fingerprint: str

    async def open(self) -> Connection:
        """Connect, and check that the key is the pinned one before anything is said."""
        context = await asyncio.to_thread(lambda: client_context(self.files(), by_name=False))
        connector = aiohttp.TCPConnector(ssl=context, limit=1)
        url = self.url.rstrip("/") + AGENT
        return await _open(self.name, connector, url, "does the agent listen there?", self.fingerprint)


async def _open(
    name: str, connector: aiohttp.BaseConnector, url: str, hint: str, fingerprint: str = ""
) -> Connection:
    session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None))
    try:
        async with asyncio.timeout(CONNECT_S):
            socket = await session.ws_connect(
                url,
                max_msg_size=MOST_BYTES,
                heartbeat=HEARTBEAT_S,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            )
        if fingerprint:
            try:
                demand_pinned(socket, fingerprint, name)
            except HostError:
                await socket.close()
                raise
    except BaseException as error:
        with suppress(aiohttp.ClientError, OSError):
            await session.close()
        if isinstance(error, (aiohttp.ClientError, OSError)):
            raise _unreachable(error, name, hint) from None
        raise
    return Connection(name, session, socket)


def _unreachable(error: Exception, name: str, hint: str) -> HostError:
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            what = "its certificate, or ours, is not accepted"
        case aiohttp.WSServerHandshakeError(status=403):
            what = "the agent does not take this orchestrator's certificate"
        case TimeoutError():
            what = f"no answer within {CONNECT_S:g} s"
        case _:
            what = f"cannot connect ({type(error).__name__}): {hint}"
    return HostError("host.unreachable", what, subject=name)
