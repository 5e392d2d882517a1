"""One array over HTTP: `read`, `change` and `cut`, each with its own rule about being repeated."""

from __future__ import annotations

import asyncio
import json as json_
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay

from orchestrator.errors import ArrayAnswerLost, ArrayError, CutNotAuthorised, OrchestratorError, Refused
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.plugin import CutToken, ProviderContext
from providers.shared.rest.answers import Answer, bad_answer, general_error, read_body, unreachable
from providers.shared.rest.lanes import Attempt, Lane, Lanes, NoWarmLane, WouldRepeat
from providers.shared.rest.tls import verifying_context

Params = Mapping[str, str]
Body = Mapping[str, object]

# Every emulator of ours says so in each answer; what it made is worth nothing outside the lab.
_EMULATOR_HEADER: Final = "x-quiesce-emulator"

_REPEATABLE: Final = ("array.unreachable", "array.busy")


class Dialect(Protocol):
    """What this layer has to know of a vendor. The vendor's client implements it."""

    @property
    def cuts(self) -> frozenset[tuple[str, str]]:
        """Method and end of the path of every request that cuts. Only `cut` sends these."""
        ...

    async def log_in(self) -> Params:
        """Start a session with `RestArray.anonymous`, and return the headers that prove it from then on."""
        ...

    def words(self, answer: Answer) -> str:
        """Return what the array said about an error, in its own words."""
        ...

    def refusal(self, answer: Answer) -> ArrayError:
        """Return the error for a status that means something different with every vendor."""
        ...

    def next_page(self, answer: Answer) -> Params | None:
        """Return what to add to the query for the next page; None after the last."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long outside the freeze window, in seconds. Inside it the engine's deadline alone counts.

    Attributes:
        attempt_s: one harmless request.
        change_s: one request that changes something.
        total_s: a harmless request with all its attempts.
        attempts: how many it gets.
        first_wait_s: pause after the first attempt; doubled after each.
    """

    attempt_s: float = 10.0
    change_s: float = 30.0
    total_s: float = 30.0
    attempts: int = 3
    first_wait_s: float = 0.25


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    params: Params = field(default_factory=dict)
    body: Body | None = None
    proof: Params = field(default_factory=dict, repr=False)  # secret headers

    @property
    def changes(self) -> bool:
        return self.method != "GET"


class RestArray:
    """One array. `open` first, `close` last; both are the owner's to call.

    Attributes:
        subject: what errors call the array: the name that its user gave it.
        emulated: it said of itself that it is an emulator.
    """

    def __init__(self, context: ProviderContext, dialect: Dialect, patience: Patience | None = None) -> None:
        self.subject = context.name
        self.emulated = False
        self._url = context.url.rstrip("/")
        self._ca_file = context.ca_file
        self._dialect = dialect
        self._patience = patience or Patience()
        self._lanes: Lanes | None = None
        self._proof: Params = {}
        self._logins = 0
        self._logging_in = asyncio.Lock()

    async def open(self) -> None:
        """Read the CA certificates and get ready. Sends nothing yet."""
        self._lanes = Lanes(await verifying_context(self._ca_file, subject=self.subject))

    async def close(self) -> None:
        """Drop every connection. Never raises; may be called twice."""
        lanes, self._lanes, self._proof = self._lanes, None, {}
        if lanes is not None:
            await lanes.close()

    async def log_in(self) -> None:
        """Start a session. A session that ends later is renewed by itself, but never for a cut."""
        await self._renew(self._logins)

    async def anonymous(self, method: str, path: str, headers: Params | None = None) -> Answer:
        """Send a harmless request outside any session: version lists, log-ins.

        Raises:
            ArrayError: the last attempt's failure.
        """
        return await self._patiently(_Request(method, path, proof=headers or {}), self._ordinarily)

    async def read(self, path: str, params: Params | None = None) -> Answer:
        """Ask. Repeated, within `Patience`, while the array is busy or out of reach.

        Raises:
            ArrayError: the last attempt's failure.
        """
        return await self._patiently(_Request("GET", path, params or {}), self._in_session)

    async def pages(self, path: str, params: Params | None = None) -> AsyncIterator[Answer]:
        """Ask for one page after the other, each like `read`.

        Raises:
            ArrayError: a page's failure, or the array leads round in circles.
        """
        seen: list[Params] = []
        more: Params | None = {}
        while more is not None:
            if more in seen:
                raise bad_answer(f"the pages of {path} do not end", subject=self.subject)
            seen.append(more)
            answer = await self.read(path, {**(params or {}), **more})
            yield answer
            more = self._dialect.next_page(answer)

    async def change(
        self, method: str, path: str, params: Params | None = None, body: Body | None = None
    ) -> Answer:
        """Change something. Sent once; again only after a 401, which says that it was not executed.

        Raises:
            ArrayAnswerLost: it may or may not have been executed.
            ArrayError: it was not executed, or refused.
            CutNotAuthorised: this request cuts. `cut` is the only way to send it.
        """
        if self._cuts(method, path):
            raise self._not_authorised(f"{method} {path} cuts, and was not sent as a cut")
        request = _Request(method, path, params or {}, body)
        return await self._limited(self._patience.change_s, request, self._in_session)

    async def cut(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        body: Body | None = None,
        *,
        token: CutToken,
        array_id: str,
    ) -> Answer:
        """Send the one request of a freeze window, on a connection proven within the last seconds.

        Never repeated; opens no connection, resolves no name, logs in to nothing. Has no time limit of its
        own: the engine's deadline cancels it.

        Raises:
            CutNotAuthorised: the token is not alive for this array. Nothing was sent.
            Refused: no connection was proven recently enough. Nothing was sent.
            ArrayAnswerLost: it may or may not have been executed.
            ArrayError: refused, or not executed.
        """
        if not isinstance(token, CutToken) or not self._cuts(method, path):
            raise self._not_authorised(f"{method} {path} was sent as a cut without a token, or is none")
        token.spend(array_id)
        request = _Request(method, path, params or {}, body, self._proof)
        attempt = Attempt(may_connect=False)
        return self._judged(request, await self._sent(request, attempt, self._open().warm(DEFAULT_BUDGETS.warm_s)))

    # ---------------------------------------------------------------- how often

    async def _patiently(self, request: _Request, send: Callable[[_Request], Awaitable[Answer]]) -> Answer:
        patience = self._patience
        retrying = AsyncRetrying(
            stop=stop_after_attempt(patience.attempts) | stop_before_delay(patience.total_s),
            wait=self._pause_s,
            retry=retry_if_exception(lambda error: getattr(error, "code", None) in _REPEATABLE),
            reraise=True,
        )
        return await retrying(self._limited, patience.attempt_s, request, send)

    def _pause_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        advice: float | None = getattr(error, "retry_after_s", None)
        return self._patience.first_wait_s * 2 ** (state.attempt_number - 1) if advice is None else advice

    async def _limited(
        self, limit_s: float, request: _Request, send: Callable[[_Request], Awaitable[Answer]]
    ) -> Answer:
        ...
