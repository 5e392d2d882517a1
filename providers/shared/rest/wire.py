"""One request to one array: an answer, or one of our own errors. Decides nothing about repeating."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import aiohttp

from orchestrator.errors import ArrayAnswerLost, ArrayError, OrchestratorError, Refused
from orchestrator.plugin import ProviderContext
from providers.shared.rest.answers import Answer, unreachable
from providers.shared.rest.lanes import Attempt, Lane, Lanes, NoWarmLane, WouldRepeat
from providers.shared.rest.tls import verifying_context

Params = Mapping[str, str]
Body = Mapping[str, object]

# Every emulator of ours says so in each answer: what it made is worth nothing outside the lab.
_EMULATOR_HEADER: Final = "x-quiesce-emulator"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent.

    Attributes:
        changes: it matters whether it was executed when no answer comes.
        proof: headers with secrets; they leave this layer for the array only.
    """

    method: str
    path: str
    params: Params = field(default_factory=dict)
    body: Body | None = None
    changes: bool = False
    proof: Params = field(default_factory=dict, repr=False)


class Wire:
    """The way to one array. `open` first, `close` last; `close` never raises.

    Attributes:
        subject: what errors call the array.
        emulated: the array said of itself that it is an emulator.
    """

    def __init__(self, context: ProviderContext) -> None:
        self.subject = context.name
        self.emulated = False
        self._url = context.url.rstrip("/")
        self._ca_file = context.ca_file
        self._lanes: Lanes | None = None

    async def open(self) -> None:
        """Read the CA certificates. Sends nothing yet."""
        self._lanes = Lanes(await verifying_context(self._ca_file, subject=self.subject))

    async def close(self) -> None:
        """Drop every connection."""
        lanes, self._lanes = self._lanes, None
        if lanes is not None:
            await lanes.close()

    async def send(self, request: Request, limit_s: float) -> Answer:
        """Send over the connection proven longest ago, opening one if need be."""
        return await self._exchange(request, Attempt(), self._opened().stalest(), limit_s)

    async def send_warm(self, request: Request, warm_s: float) -> Answer:
        """Send, without any limit of time, over a connection proven within the last `warm_s` seconds.

        Raises:
            Refused: there is none. Nothing was sent.
        """
        return await self._exchange(request, Attempt(may_connect=False), self._opened().warm(warm_s), None)

    def _opened(self) -> Lanes:
        if self._lanes is None:
            raise unreachable("not connected", self.subject)
        return self._lanes

    async def _exchange(
        self,
        request: Request,
        attempt: Attempt,
        choice: AbstractAsyncContextManager[Lane],
        limit_s: float | None,
    ) -> Answer:
        try:
            async with asyncio.timeout(limit_s), choice as lane:
                answer = await self._over(lane, request, attempt)
                if answer.good:
                    lane.prove()
                return answer
        except (aiohttp.ClientError, OSError, NoWarmLane, WouldRepeat) as error:
            failure = self._failure(error, request, attempt)
        raise failure  # outside: what aiohttp raises may hold our headers, so it is not chained

    async def _over(self, lane: Lane, request: Request, attempt: Attempt) -> Answer:
        headers, data = dict(request.proof), None
        if request.body is not None:
            headers["Content-Type"], data = "application/json", json.dumps(request.body).encode()
        async with lane.session.request(
            request.method,
            self._url + request.path,
            params=request.params,
            data=data,
            headers=headers,
            allow_redirects=False,  # they would carry our secrets elsewhere, and repeat a POST
            trace_request_ctx=attempt,
        ) as response:
            raw = await response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:  # words for an error, which may echo what was sent
            for secret in request.proof.values():
                raw = raw.replace(secret.encode(), b"...")
        answer = Answer.parse(response.status, response.headers, raw)
        self.emulated = self.emulated or answer.headers.get(_EMULATOR_HEADER) == "1"
        return answer

    def _failure(self, error: Exception, request: Request, attempt: Attempt) -> OrchestratorError:
        if isinstance(error, NoWarmLane):
            what = "no connection was proven recently enough to send the cut; nothing was sent"
            return Refused("policy.connection-not-proven", what, subject=self.subject)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            what = f"the certificate is not trusted: {_reason(error.certificate_error)}"
            return ArrayError("array.untrusted", what, subject=self.subject)
        call = f"{request.method} {request.path}"
        if attempt.under_way and request.changes:
            return ArrayAnswerLost(f"no answer to {call} ({_reason(error)})", subject=self.subject)
        return unreachable(f"{call} failed ({_reason(error)})", self.subject)


def _reason(error: BaseException) -> str:
    """Return words for a failure of the network that hold nothing of the request."""
    for name in ("verify_message", "strerror"):
        words = getattr(error, name, None)
        if isinstance(words, str) and words:
            return words
    return type(error).__name__
