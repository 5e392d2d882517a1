"""One array over HTTP: `read`, `change` and `cut`, each with its own rule about being repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final, Protocol

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay

from orchestrator.errors import ArrayAnswerLost, ArrayBusy, ArrayError, CutNotAuthorised
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.plugin import CutToken, ProviderContext
from providers.shared.rest.answers import Answer, bad_answer, general_error, unreachable
from providers.shared.rest.wire import Body, Params, Request, Wire

_REPEATABLE: Final = ("array.unreachable", "array.busy")


class Dialect(Protocol):
    """What this layer has to know of a vendor. The vendor's client implements it."""

    @property
    def cuts(self) -> frozenset[tuple[str, str]]:
        """Method and end of the path of every request that cuts. Only `cut` sends these."""
        ...

    async def log_in(self) -> Params:
        """Start a session through `RestArray.anonymous` and return the headers that prove it."""
        ...

    def words(self, answer: Answer) -> str:
        """Return what the array said about an error, in its own words; may be empty."""
        ...

    def refusal(self, answer: Answer) -> ArrayError:
        """Return the error for a status that HTTP itself does not explain."""
        ...

    def next_page(self, answer: Answer) -> Params | None:
        """Return what to add to the query for the next page; None after the last."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits outside the freeze window, in seconds. Inside it the engine's deadline alone counts.

    Attributes:
        attempt_s: for one harmless request.
        change_s: for one request that changes something.
        attempts: how many a harmless request gets.
        total_s: for all of them together.
        first_wait_s: pause after the first; doubled after each. The array's own advice goes before it.
    """

    attempt_s: float = 10.0
    change_s: float = 30.0
    attempts: int = 3
    total_s: float = 30.0
    first_wait_s: float = 0.25


class RestArray:
    """One array. `open` first, `close` last; both are the owner's to call."""

    def __init__(self, context: ProviderContext, dialect: Dialect, patience: Patience | None = None) -> None:
        self._wire = Wire(context)
        self._dialect = dialect
        self._patience = patience or Patience()
        self._proof: Params = {}
        self._logins = 0
        self._logging_in = asyncio.Lock()

    @property
    def subject(self) -> str:
        """What errors call the array: the name its user gave it."""
        return self._wire.subject

    @property
    def emulated(self) -> bool:
        """Whether the array has said of itself that it is an emulator."""
        return self._wire.emulated

    async def open(self) -> None:
        """Read the CA certificates. Sends nothing yet."""
        await self._wire.open()

    async def close(self) -> None:
        """Drop every connection and forget the session. Never raises; may be called twice."""
        self._proof = {}
        await self._wire.close()

    async def log_in(self) -> None:
        """Start a session. When it ends, the next read or change starts another; a cut does not."""
        await self._renew(self._logins)

    async def log_out(self, method: str, path: str) -> None:
        """End the session, if there is one. Sent once; what comes of it is not looked at.

        Raises:
            ArrayError: the request got no answer.
        """
        proof, self._proof = self._proof, {}
        if proof:
            await self._send(Request(method, path, proof=proof))

    async def anonymous(self, method: str, path: str, headers: Params | None = None) -> Answer:
        """Send a harmless request outside any session: a version list, a log-in. Repeated like `read`.

        Raises:
            ArrayError: the last attempt's failure.
        """
        return await self._patiently(Request(method, path, proof=headers or {}), self._judged)

    async def read(self, path: str, params: Params | None = None) -> Answer:
        """Ask. Repeated, within `Patience`, while the array is busy or out of reach.

        Raises:
            ArrayError: the last attempt's failure.
        """
        return await self._patiently(Request("GET", path, params or {}), self._in_session)

    async def pages(self, path: str, params: Params | None = None) -> AsyncIterator[Answer]:
        """Ask for one page after the other, each like `read`.

        Raises:
            ArrayError: a page failed, or the pages lead round in a circle.
        """
        more: Params | None = {}
        seen: list[Params] = []
        while more is not None:
            if more in seen:
                raise bad_answer(f"the pages of {path} do not end", self.subject)
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
            ArrayError: it was refused, or not executed.
            CutNotAuthorised: this request cuts, and `cut` is the only way to send it.
        """
        return await self._in_session(Request(method, path, params or {}, body, changes=True))

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
        """Send the one request of a freeze window, over a connection proven within the last seconds.

        Never repeated; opens no connection, resolves no name, starts no session. It has no time limit of
        its own: the engine's deadline cancels it.

        Raises:
            CutNotAuthorised: the token is not alive for this array. Nothing was sent.
            Refused: no connection was proven recently enough. Nothing was sent.
            ArrayAnswerLost: it may or may not have been executed.
            ArrayError: it was refused, or not executed.
        """
        if not isinstance(token, CutToken):
            raise self._not_authorised(f"{method} {path} was sent as a cut without a token")
        if not self._is_cut(method, path):
            raise self._not_authorised(f"{method} {path} was sent as a cut, and is none")
        token.spend(array_id)
        request = Request(method, path, params or {}, body, changes=True, proof=self._proof)
        return self._judge(request, await self._wire.send_warm(request, DEFAULT_BUDGETS.warm_s))

    def _is_cut(self, method: str, path: str) -> bool:
        asked = (method.upper(), path.partition("?")[0].rstrip("/").lower())
        return any(asked[0] == cut and asked[1].endswith(end) for cut, end in self._dialect.cuts)

    def _not_authorised(self, what: str) -> CutNotAuthorised:
        return CutNotAuthorised("policy.cut-not-authorised", what, subject=self.subject)

    async def _patiently(self, request: Request, send: Callable[[Request], Awaitable[Answer]]) -> Answer:
        patience = self._patience
        retrying = AsyncRetrying(
            stop=stop_after_attempt(patience.attempts) | stop_before_delay(patience.total_s),
            wait=self._pause_s,
            retry=retry_if_exception(lambda error: getattr(error, "code", "") in _REPEATABLE),
            reraise=True,
        )
        try:
            async with asyncio.timeout(patience.total_s):
                return await retrying(send, request)
        except TimeoutError:
            failure = unreachable(f"no answer to {request.path} in {patience.total_s:g} s", self.subject)
        raise failure

    def _pause_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        advice: float | None = getattr(error, "retry_after_s", None)
        return self._patience.first_wait_s * 2 ** (state.attempt_number - 1) if advice is None else advice

    async def _in_session(self, request: Request) -> Answer:
        logins = self._logins
        answer = await self._send(replace(request, proof=self._proof))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            await self._renew(logins)
            answer = await self._send(replace(request, proof=self._proof))
        return self._judge(request, answer)

    async def _renew(self, seen: int) -> None:
        """Start a session, unless somebody else has done so since `seen` was read."""
        async with self._logging_in:
            if self._logins == seen:
                self._proof = await self._dialect.log_in()
                self._logins += 1

    async def _judged(self, request: Request) -> Answer:
        return self._judge(request, await self._send(request))

    async def _send(self, request: Request) -> Answer:
        """Send anything but a cut: every way to the array but `cut` leads through here."""
        if self._is_cut(request.method, request.path):
            what = f"{request.method} {request.path} cuts, and was not sent as a cut"
            raise self._not_authorised(what)
        limit_s = self._patience.change_s if request.changes else self._patience.attempt_s
        return await self._wire.send(request, limit_s)

    def _judge(self, request: Request, answer: Answer) -> Answer:
        """Return a good answer; raise what any other means.

        After a 5xx nobody knows whether a change was executed, unless the array says that it was too busy.
        """
        if answer.good:
            if answer.well_formed:
                return answer
            raise bad_answer(f"the answer to {request.method} {request.path} is not JSON", self.subject)
        words = self._dialect.words(answer)
        error = general_error(answer, words, subject=self.subject) or self._dialect.refusal(answer)
        failed = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, ArrayBusy)
        if failed and request.changes:
            raise ArrayAnswerLost(error.what, subject=self.subject)
        raise error
