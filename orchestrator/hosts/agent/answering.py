"""Reads requests from one WebSocket and answers them, each in a task of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import aiohttp
from aiohttp import WSMsgType, web

from orchestrator.errors import HostError
from orchestrator.hosts.agent.dispatch import Handlers
from orchestrator.hosts.agent.messages import answer_text, problem_text, read_args, read_request_head

Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse

# A run asks one thing at a time, a hub passes on what some runs ask; whoever has more under way floods us.
MOST_AT_ONCE: Final = 64

_underway: set[asyncio.Task[None]] = set()  # requests outlive their connections: somebody must hold them


async def answer_requests(socket: Socket, handlers: Handlers) -> None:
    """Answer until the connection ends. One that breaks the rules of `messages` is ended here.

    What was begun goes on after that: a freeze that is under way ends in a thaw, not in the air.
    """
    last_id = 0
    mine: set[asyncio.Task[None]] = set()
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            break
        try:
            head = read_request_head(message.data)
        except HostError:
            break  # without a number nobody could tell what is answered
        if head.request_id <= last_id or len(mine) >= MOST_AT_ONCE:
            break
        last_id = head.request_id
        task = asyncio.create_task(_answer(socket, handlers, head.request_id, message.data))
        for holder in (mine, _underway):
            holder.add(task)
            task.add_done_callback(holder.discard)
    await socket.close(code=aiohttp.WSCloseCode.POLICY_VIOLATION)


async def _answer(socket: Socket, handlers: Handlers, request_id: int, text: str) -> None:
    try:
        op, args = read_args(read_request_head(text), text)
        answer = answer_text(op, request_id, await handlers[op.name](args))
    except Exception as error:  # noqa: BLE001 - whoever asked must hear of it, whatever it is
        answer = problem_text(request_id, error)
    with suppress(ConnectionError):  # nobody is there any more to be told
        await socket.send_str(answer)
