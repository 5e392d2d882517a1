"""One agent's connection, as the hub holds it: requests of many callers go through it, each renumbered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, Final, TypeVar

import aiohttp
from aiohttp import WSMsgType, web

from orchestrator.errors import HostError
from orchestrator.hosts.agent.admission import AdmittedAgent
from orchestrator.hosts.agent.messages import problem_text, read_answer_id, read_result, request_text
from orchestrator.hosts.agent.ops import Op

A = TypeVar("A")
R = TypeVar("R")

MOST_UNDERWAY: Final = 60  # the agent itself ends a connection with more than 64


class AgentLine:
    """Passes requests on and answers back; nothing of either is kept.

    Attributes:
        agent: who it is; replaced when it was approved meanwhile.
        fingerprint: of its key.
    """

    def __init__(self, agent: AdmittedAgent, fingerprint: str, socket: web.WebSocketResponse) -> None:
        self.agent = agent
        self.fingerprint = fingerprint
        self._socket = socket
        self._request_ids = count(1)
        self._underway: dict[int, Callable[[str], None]] = {}
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Give answers back until the connection ends; whoever waits then is told so."""
        try:
            with suppress(HostError, ValueError, RecursionError):  # it does not speak our language
                async for message in self._socket:
                    if message.type is not WSMsgType.TEXT:
                        break
                    answered = self._underway.pop(read_answer_id(message.data), None)
                    if answered is not None:  # else its caller has gone
                        answered(message.data)
        finally:
            waiting, self._underway = self._underway, {}
            for request_id, answered in waiting.items():
                answered(problem_text(request_id, self._gone()))
            await self.close()

    async def pass_on(self, text: str, answered: Callable[[str], None]) -> None:
        """Send a request under a number of this line's own; `answered` gets the answer under that number.

        Raises:
            HostError: `host.gone`; `host.busy`, too many are under way.
        """
        if len(self._underway) >= MOST_UNDERWAY:
            raise HostError("host.busy", "too many requests are under way", subject=self.agent.agent_id)
        async with self._sending:  # their numbers rise on the wire, too
            request_id = next(self._request_ids)
            self._underway[request_id] = answered
            try:
                await self._socket.send_str(renumbered(text, request_id))
            except (ConnectionError, aiohttp.ClientError):
                self._underway.pop(request_id, None)
                raise self._gone() from None

    async def ask(self, op: Op[A, R], args: A) -> R:
        """Ask the agent something for the hub itself.

        Raises:
            HostError: what the agent answered, or `host.gone`.
        """
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def answered(text: str) -> None:
            if not answer.done():
                answer.set_result(text)

        await self.pass_on(request_text(op, 1, args), answered)
        return read_result(op, await answer)

    async def close(self) -> None:
        """Drop the connection."""
        with suppress(ConnectionError, aiohttp.ClientError):
            await self._socket.close()

    def _gone(self) -> HostError:
        return HostError(
            "host.gone", "the agent's connection to the hub was lost", subject=self.agent.agent_id
        )


def renumbered(text: str, request_id: int) -> str:
    """Return a message under another number; all else is as it was.

    Raises:
        ValueError: it is no JSON object.
        RecursionError: it is too deep.
    """
    message: Any = json.loads(text)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    message["request_id"] = request_id
    return json.dumps(message, separators=(",", ":"))
