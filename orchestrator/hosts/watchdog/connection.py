"""The orchestrator's end of the pair of sockets: numbered requests, answers in any order."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any

from orchestrator.hosts.watchdog.hold import HoldFailed
from orchestrator.hosts.watchdog.protocol import LONGEST_LINE_BYTES, Op, Request, request_line


class WatchdogLost(Exception):
    """The process is dead, or speaks another language: no answer will ever come."""


class Connection:
    """Made by `open`. Its end is what tells the watchdog that we are gone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def open(cls, own_end: socket.socket) -> Connection:
        """Take over one end of a connected pair."""
        return cls(*await asyncio.open_connection(sock=own_end, limit=LONGEST_LINE_BYTES))

    async def ask(self, op: Op, **arguments: Any) -> Mapping[str, Any]:
        """Send one request and return its answer. May be cancelled; the request stays sent.

        Raises:
            HoldFailed: what the watchdog said instead.
            WatchdogLost: it will not say anything.
        """
        number = next(self._numbers)
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if self._listener.done():
                raise WatchdogLost
            self._writer.write(request_line(Request(number, op, arguments)))
            return await answer
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Let go of it. Never raises but for a cancellation, and has closed it then too."""
        self._listener.cancel()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _listen(self) -> None:
        try:
            with suppress(OSError, ValueError, KeyError, TypeError):
                while line := await self._reader.readline():
                    self._deliver(json.loads(line))
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(WatchdogLost())

    def _deliver(self, message: Mapping[str, Any]) -> None:
        answer = self._waiting.get(message["number"])
        if answer is None or answer.done():
            return  # nobody waits for it any more
        if problem := message.get("problem"):
            answer.set_exception(HoldFailed(problem["code"], problem["what"], problem["subject"]))
        else:
            answer.set_result(message["result"])
