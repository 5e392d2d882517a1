"""One connection to an emulated host: numbered requests, answers in any order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Final, TypeVar

import aiohttp

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.protocol import PATH, Answer, Op, Request, read, validated
from orchestrator.plugin import ProviderContext

A = TypeVar("A")
R = TypeVar("R")

CONNECT_S: Final = 5.0  # loopback: whoever has not answered by then is not there
CLOSE_S: Final = 0.5


class Connection:
    """A logged-in WebSocket. Made by `open`; `close` never raises."""

    def __init__(
        self, name: str, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._name = name
        self._session = session
        self._socket = socket
        self._request_ids = count(1)
        self._waiting: dict[int, asyncio.Future[object]] = {}
        self._reader = asyncio.create_task(self._read())
        self._suspect = False

    @classmethod
    async def open(cls, context: ProviderContext) -> Connection:
        """Connect and prove the secret.

        Raises:
            HostError: nobody answers, or the secret is wrong.
        """
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        try:
            socket = await _log_in(session, context)
        except BaseException:
            await session.close()
            raise
        return cls(context.name, session, socket)

    @property
    def usable(self) -> bool:
        """Whether a request may be entrusted to it: it is open, and no answer on it was given up."""
        return not (self._suspect or self._socket.closed or self._reader.done())

    async def ask(self, op: Op[A, R], args: A) -> R:
        """Send one request and return its answer.

        Raises:
            HostError: the host refused, or (`host.gone`) the connection was lost before the answer came.
        """
        request = Request(request_id=next(self._request_ids), op=op.name, args=args)
        answer = self._waiting[request.request_id] = asyncio.get_running_loop().create_future()
        try:
            if not self.usable:
                raise self._gone()
            await self._socket.send_str(request.model_dump_json())
            return validated(op.tells, await answer, op.name)
        except (aiohttp.ClientError, OSError):
            raise self._gone() from None
        except asyncio.CancelledError:
            self._suspect = True
            raise
        finally:
            del self._waiting[request.request_id]

    async def close(self) -> None:
        """Drop it."""
        self._reader.cancel()
        await asyncio.wait({self._reader})
        with suppress(aiohttp.ClientError, OSError):
            await self._socket.close()
        await self._session.close()

    async def _read(self) -> None:
        try:
            with suppress(HostError):  # whoever speaks another language cannot be asked anything
                async for message in self._socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._deliver(read(Answer, message.data))
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(self._gone())

    def _deliver(self, message: Answer) -> None:
        answer = self._waiting.get(message.request_id)
        if answer is None or answer.done():
            return  # nobody waits for it any more
        if message.problem is None:
            answer.set_result(message.result)
        else:
            answer.set_exception(message.problem.error())

    def _gone(self) -> HostError:
        return HostError("host.gone", "the connection was lost", subject=self._name)


async def _log_in(
    session: aiohttp.ClientSession, context: ProviderContext
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(CONNECT_S):
            return await session.ws_connect(
                context.url.rstrip("/") + PATH,
                headers={"Authorization": f"Bearer {context.secret.reveal()}"},
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            )
    except (aiohttp.ClientError, OSError) as error:
        refusal = _refusal(error, context.name)
    raise refusal  # out here, so that it does not carry their error, which carries the header


def _refusal(error: Exception, name: str) -> HostError:
    match error:
        case aiohttp.WSServerHandshakeError(status=401):
            return HostError("host.login-failed", "the host does not accept the token", subject=name)
        case TimeoutError():
            return HostError("host.unreachable", f"no answer within {CONNECT_S:g} s", subject=name)
        case _:
            return HostError("host.unreachable", f"cannot connect ({type(error).__name__})", subject=name)
