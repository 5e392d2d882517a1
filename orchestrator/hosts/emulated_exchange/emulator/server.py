"""The emulated server on a socket: a WebSocket, a token, one task a request."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from orchestrator.errors import HostError, OrchestratorError
from orchestrator.hosts.emulated_exchange import protocol
from orchestrator.hosts.emulated_exchange.emulator.clock import MachineClock
from orchestrator.hosts.emulated_exchange.emulator.dispatch import handlers
from orchestrator.hosts.emulated_exchange.emulator.host import EmulatedExchange
from orchestrator.hosts.emulated_exchange.emulator.layout import Place, lay_out
from orchestrator.hosts.emulated_exchange.emulator.options import (
    HostOptions,
    LabVolume,
    VolumeRole,
    read_options,
)
from orchestrator.hosts.emulated_exchange.emulator.store import MailboxStore
from orchestrator.hosts.emulated_exchange.protocol import OPS, PATH, Answer, Problem, Request


class ExchangeServer:
    """Serves one emulated Exchange server and its mailbox store.

    Raises:
        BadInput: an array volume is too small for its databases.
    """

    def __init__(self, options: HostOptions) -> None:
        self.token = secrets.token_urlsafe(24)
        self._options = options
        self._store = MailboxStore(options)
        self._host = EmulatedExchange(options, self._store, MachineClock(options.clock_skew_s), _cut_power)
        self._connections: set[web.WebSocketResponse] = set()
        self._handlers = handlers(self._host)

    def application(self) -> web.Application:
        """Return the application; the databases change while it runs."""
        application = web.Application()
        application.router.add_get(PATH, self._serve)
        application.cleanup_ctx.append(self._run_store)
        application.on_shutdown.append(self._hang_up)
        return application

    def describe(self) -> Mapping[str, Any]:
        """Return what `quiesce lab host` announces beside kind, url and pid."""
        identity = self._host.identify()
        return {
            "credentials": {"token": self.token},
            "host_id": identity.host_id,
            "name": identity.name,
            "databases": [
                {
                    "name": name,
                    "database": _whereabouts(self._options.volume_of(name, VolumeRole.DATABASE)),
                    "log": _whereabouts(self._options.volume_of(name, VolumeRole.LOG)),
                }
                for name in self._options.databases
            ],
        }

    async def hang_up(self) -> None:
        """Drop every connection, as a network does that is cut for a moment."""
        for socket in [*self._connections]:
            await socket.close()

    async def _hang_up(self, _: web.Application) -> None:
        await self.hang_up()

    async def _run_store(self, _: web.Application) -> AsyncIterator[None]:
        await asyncio.to_thread(self._store.start)
        yield
        await asyncio.to_thread(self._store.close)

    async def _serve(self, http: web.Request) -> web.WebSocketResponse:
        expected = f"Bearer {self.token}".encode()
        if not hmac.compare_digest(http.headers.get("Authorization", "").encode(), expected):
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(http)
        self._connections.add(socket)
        try:
            # A request outlives its connection: what was begun is finished, and a timer ends what hangs.
            async with asyncio.TaskGroup() as requests:
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        requests.create_task(self._answer(socket, message.data))
        finally:
            self._connections.discard(socket)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, text: str) -> None:
        request_id = 0
        try:
            request = protocol.read(Request, text)
            request_id = request.request_id
            answer = Answer(request_id=request_id, result=await self._obey(request))
        except OrchestratorError as error:
            answer = Answer(request_id=request_id, problem=Problem.of(error))
        with suppress(ConnectionError):  # nobody is there any more to be told
            await socket.send_str(answer.model_dump_json())

    async def _obey(self, request: Request) -> object:
        op = OPS.get(request.op)
        if op is None:
            raise HostError("host.rejected", "no such request", subject=request.op)
        return await self._handlers[op.name](protocol.validated(op.asks, request.args, op.name))


def from_settings(settings: Mapping[str, Any]) -> ExchangeServer:
    """Return the server that `quiesce lab host` serves.

    Args:
        settings: `HostOptions` as JSON has them; instead of `volumes`, `arrays` (announcements of `quiesce
            lab array`) and `places` may be given, as for `lay_out`.
    """
    rest = dict(settings)
    arrays, places = rest.pop("arrays", ()), rest.pop("places", {})
    if "volumes" not in rest:
        rest["volumes"] = lay_out(arrays, {name: Place(*place) for name, place in places.items()})
    return ExchangeServer(read_options(rest))


def _whereabouts(volume: LabVolume | None) -> Mapping[str, str] | None:
    if volume is None:
        return None
    return {"mount_point": volume.mount_point, "lun_id": volume.lun_id, "path": str(volume.path or "")}


def _cut_power() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
