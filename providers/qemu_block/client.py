"""One QMP monitor of the daemon: `ask` (repeated when it fails), `change` (sent once) and the one `cut`."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from qemu.qmp import (
    ConnectError,
    ExecInterruptedError,
    ExecuteError,
    QMPClient,
    QMPError,
    Runstate,
    StateError,
)

from orchestrator.errors import ArrayAnswerLost, ArrayError, CutNotAuthorised, Refused
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.plugin import CutToken
from providers.qemu_block.errors import bad_answer, refusal, unreachable

Arguments = Mapping[str, object]

# Commands that make, or begin, a copy of what a host is writing: none of them leaves but through `cut`.
COPYING: Final = frozenset(
    {
        "transaction",
        "blockdev-snapshot",
        "blockdev-snapshot-sync",
        "blockdev-snapshot-internal-sync",
        "blockdev-backup",
        "drive-backup",
        "blockdev-mirror",
        "drive-mirror",
    }
)

_DROP_S: Final = 2.0

# The library reports lost connections and late answers as errors of its own, on stderr if nobody listens.
# All of it reaches callers as exceptions; nothing may be printed inside a window.
_SILENCE: Final = logging.getLogger("qemu.qmp.unheard")
_SILENCE.setLevel(logging.CRITICAL + 1)
_SILENCE.propagate = False


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits outside the freeze window, in seconds. Inside it the engine's deadline alone counts.

    Attributes:
        connect_s: until the daemon has greeted us.
        ask_s: for one harmless request.
        change_s: for one request that changes something.
        stall_s: how long a job may run without any progress.
    """

    connect_s: float = 5.0
    ask_s: float = 10.0
    change_s: float = 30.0
    stall_s: float = 60.0


class _AnswerLost(Exception):
    """The connection ended, or time ran out, before an answer to what was sent."""


class _Client(QMPClient):
    """The library's client, silent, and with nothing in its queue of events that nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.logger = _SILENCE
        self.events.event_filter = lambda _: False


class Monitor:
    """One QMP monitor. `open` first, `close` last.

    The daemon serves one client of a monitor at a time and executes its commands in order. So whatever is
    answered after a lost request, even over a new connection, shows what became of that request.
    """

    def __init__(self, path: str, subject: str, patience: Patience | None = None) -> None:
        self.subject = subject
        self.patience = patience or Patience()
        self._path = path
        self._client: _Client | None = None
        self._socket: socket.socket | None = None
        self._proven_at = -math.inf
        self._wanted = False
        self._connecting = asyncio.Lock()

    async def open(self) -> None:
        """Connect.

        Raises:
            ArrayError: `array.unreachable`, `array.not-permitted`, or `array.bad-answer` when it is no QMP.
        """
        self._wanted = True
        await self._connected()

    async def close(self) -> None:
        """Drop the connection, for good unless `open` is called again. Never raises; may be called twice."""
        self._wanted = False
        async with self._connecting:
            await self._drop()

    async def ask(self, command: str, arguments: Arguments | None = None) -> Any:
        """Ask; once more, over a new connection, if this one turns out to be lost.

        Raises:
            ArrayError: no answer, or a refusal.
        """
        for _ in range(2):
            client = await self._connected()
            with suppress(_AnswerLost):
                return await self._send(client, command, arguments, self.patience.ask_s)
        raise unreachable(f"no answer to {command}", self.subject)

    async def change(self, command: str, arguments: Arguments | None = None) -> Any:
        """Change something. Sent once.

        Raises:
            ArrayAnswerLost: it may or may not have been executed.
            ArrayError: it was refused, or not sent.
        """
        client = await self._connected()
        try:
            return await self._send(client, command, arguments, self.patience.change_s)
        except _AnswerLost as lost:
            failure = ArrayAnswerLost(f"no answer to {command} ({lost})", subject=self.subject)
        raise failure

    async def cut(self, overlays: Sequence[tuple[str, str]], *, token: CutToken, array_id: str) -> None:
        """Put overlays on top of active nodes, all at one instant or none: the one request of a window.

        Never repeated; opens no connection. It has no time limit of its own: the engine's deadline
        cancels it.

        Args:
            overlays: node and overlay of each array volume.
            token: permission.
            array_id: what it is for.

        Raises:
            CutNotAuthorised: the token is not alive for this array. Nothing was sent.
            Refused: the connection was not proven recently enough. Nothing was sent.
            ArrayAnswerLost: it may or may not have been executed.
            ArrayRejected: it was refused; no array volume was cut.
        """
        if not isinstance(token, CutToken):
            raise self._not_authorised("a cut was asked for without a token")
        token.spend(array_id)
        client, age_s = self._client, asyncio.get_running_loop().time() - self._proven_at
        if client is None or client.runstate is not Runstate.RUNNING or age_s > DEFAULT_BUDGETS.warm_s:
            what = "the connection was not proven recently enough to send the cut; nothing was sent"
            raise Refused("policy.connection-not-proven", what, subject=self.subject)
        actions = [
            {"type": "blockdev-snapshot", "data": {"node": node, "overlay": overlay}}
            for node, overlay in overlays
        ]
        try:
            await self._exchange(client, "transaction", {"actions": actions})
        except _AnswerLost as lost:
            failure = ArrayAnswerLost(f"no answer to the cut ({lost})", subject=self.subject)
        else:
            return
        raise failure

    # ---------------------------------------------------------------- one request

    async def _send(
        self, client: _Client, command: str, arguments: Arguments | None, limit_s: float
    ) -> object:
        """Send anything but a cut: every way to the daemon but `cut` leads through here."""
        if command in COPYING:
            raise self._not_authorised(f"{command} was not sent as a cut")
        try:
            async with asyncio.timeout(limit_s):
                return await self._exchange(client, command, arguments)
        except TimeoutError:
            raise _AnswerLost(f"none within {limit_s:g} s") from None

    async def _exchange(self, client: _Client, command: str, arguments: Arguments | None) -> object:
        try:
            answer = await client.execute(command, arguments)
        except ExecuteError as error:
            failure: Exception = refusal(error, subject=self.subject)
        except StateError:
            failure = unreachable(f"the connection ended before {command} was sent", self.subject)
        except ExecInterruptedError:
            failure = _AnswerLost("the connection ended")
        except QMPError as error:
            failure = bad_answer(f"the answer to {command}: {error}", self.subject)
        else:
            self._proven_at = asyncio.get_running_loop().time()
            return answer
        raise failure

    def _not_authorised(self, what: str) -> CutNotAuthorised:
        return CutNotAuthorised("policy.cut-not-authorised", what, subject=self.subject)

    # ---------------------------------------------------------------- the connection

    async def _connected(self) -> _Client:
        async with self._connecting:
            if not self._wanted:
                raise unreachable("not connected", self.subject)
            if self._client is None or self._client.runstate is not Runstate.RUNNING:
                await self._drop()
                await self._connect()
            assert self._client is not None  # noqa: S101 - `_connect` raises otherwise
            return self._client

    async def _connect(self) -> None:
        failure: ArrayError
        client = _Client()
        try:
            async with asyncio.timeout(self.patience.connect_s):
                self._client, self._socket = client, await self._dial()
                await client.connect(self._socket)
            return
        except TimeoutError:
            what = "it does not greet us: it hangs, or somebody else is connected to this monitor"
            failure = unreachable(what, self.subject)
        except PermissionError:
            what = f"this account may not connect to {self._path}"
            failure = ArrayError("array.not-permitted", what, subject=self.subject)
        except OSError as error:
            failure = unreachable(f"{self._path}: {error.strerror or type(error).__name__}", self.subject)
        except ConnectError as error:
            if isinstance(error.exc, OSError | EOFError):
                failure = unreachable("it hung up instead of greeting us", self.subject)
            else:
                failure = bad_answer("what answers there does not speak QMP", self.subject)
        await self._drop()
        raise failure

    async def _dial(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, self._path)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _drop(self) -> None:
        """End the connection and every task of the library's, whatever state it is in."""
        client, self._client = self._client, None
        connection, self._socket = self._socket, None
        self._proven_at = -math.inf
        if connection is not None:
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
        if client is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_DROP_S):
                # It raises again whatever ended the connection, which all callers have been told by now.
                await asyncio.gather(client.disconnect(), return_exceptions=True)
        if connection is not None:
            connection.close()
