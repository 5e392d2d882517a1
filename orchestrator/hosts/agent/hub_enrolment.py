"""What the hub answers besides passing messages on: enrolment, and renewal of certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import BadInput, OrchestratorError, Refused
from orchestrator.hosts.agent.admission import Admissions, EnrolmentRequest
from orchestrator.hosts.agent.tls import key_of_peer

MOST_BYTES: Final = 32 << 10  # a token and a signing request have at most 8,000 characters each
# Forty hosts that one command enrols come at once; a stranger who guesses tokens is slowed down, and what an
# honest agent is refused here it asks again.
BURST: Final = 60.0
PER_S: Final = 5.0

_REQUEST: Final = TypeAdapter(EnrolmentRequest)


@dataclass(frozen=True, slots=True)
class RenewalRequest:
    """What an agent sends whose certificate nears its end.

    Attributes:
        signing_request: PEM, for the key that it shows in the same connection.
    """

    signing_request: str


_RENEWAL: Final = TypeAdapter(RenewalRequest)


class Allowance:
    """So many at once, and so many a second after that."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._left = BURST
        self._as_of_s: float | None = None

    def take(self) -> bool:
        """Take one, if there is one."""
        now_s = self._now_s()
        if self._as_of_s is not None:
            self._left = min(BURST, self._left + (now_s - self._as_of_s) * PER_S)
        self._as_of_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class EnrolmentDesk:
    """Answers the two requests."""

    def __init__(self, admissions: Admissions) -> None:
        self._admissions = admissions
        self._allowance = Allowance(lambda: asyncio.get_running_loop().time())

    async def enrol(self, http: web.Request) -> web.Response:
        """Admit an agent that shows a token; it has no certificate yet."""
        if not self._allowance.take():
            raise web.HTTPTooManyRequests(headers={"Retry-After": "10"})
        try:
            request = _parsed(_REQUEST, await http.read())
            enrolment = await asyncio.to_thread(self._admissions.enrol, request, datetime.now(UTC))
        except OrchestratorError as error:
            return _problem(error)
        return web.json_response(asdict(enrolment))

    async def renew(self, http: web.Request) -> web.Response:
        """Give an agent another certificate for the key that it has proven."""
        fingerprint = key_of_peer(http.transport)
        if fingerprint is None:
            raise web.HTTPForbidden
        if not self._allowance.take():
            raise web.HTTPTooManyRequests(headers={"Retry-After": "10"})
        try:
            request = _parsed(_RENEWAL, await http.read())
            certificate = await asyncio.to_thread(
                self._admissions.renew, fingerprint, request.signing_request, datetime.now(UTC)
            )
        except OrchestratorError as error:
            return _problem(error)
        return web.json_response({"certificate": certificate})


def _parsed(form: TypeAdapter[Any], body: bytes) -> Any:
    try:
        return form.validate_json(body, strict=True, extra="forbid")
    except ValidationError:
        raise BadInput("agent.bad-request", "The request has not the documented form.") from None


def _problem(error: OrchestratorError) -> web.Response:
    status = {BadInput: 400, Refused: 403}.get(type(error), 503)
    return web.json_response({"code": error.code, "what": error.what}, status=status)
