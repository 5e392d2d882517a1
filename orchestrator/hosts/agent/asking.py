"""Asks an agent over one WebSocket: numbered requests, answers in any order."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

import aiohttp
from aiohttp import WSMsgType

from orchestrator.errors import HostError
from orchestrator.hosts.agent.messages import read_answer_id, read_result, request_text
from orchestrator.hosts.agent.ops import Op

A = TypeVar("A")
R = TypeVar("R")


class Connection:
    """An open WebSocket that this object owns, with the session it was opened in. `close` never raises."""

    def __init__(
        self, name: str, session: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse
    ) -> None:
        self._name = name
        self._session = session
        self._socket = socket
        self._request_ids = count(1)
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._reader = asyncio.create_task(self._read())
        self._suspect = False

    @property
    def usable(self) -> bool:
        """Whether a request may be entrusted to it: it is open, and no answer on it was given up."""
        return not (self._suspect or self._socket.closed or self._reader.done())

    async def ask(self, op: Op[A, R], args: A) -> R:
        """Send one request and return its answer.

        Raises:
            HostError: what the agent answered; `host.gone`, the connection was lost before it did.
        """
        request_id = next(self._request_ids)
        answer = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        try:
            if not self.usable:
                raise self._gone()
            await self._socket.send_str(request_text(op, request_id, args))
            return read_result(op, await answer)
        except (aiohttp.ClientError, OSError):
            raise self._gone() from None
        except asyncio.CancelledError:
            self._suspect = True
            raise
        finally:
            del self._waiting[request_id]

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
                    if message.type is not WSMsgType.TEXT:
                        break
                    self._deliver(message.data)
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(self._gone())

    def _deliver(self, text: Any) -> None:
        answer = self._waiting.get(read_answer_id(text))
        if answer is not None and not answer.done():  # else nobody waits for it any more
            answer.set_result(text)

    def _gone(self) -> HostError:
        return HostError("host.gone", "the connection was lost", subject=self._name)
