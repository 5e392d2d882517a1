"""The agent's side of enrolment: one request to the hub that the token names."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import asdict
from typing import Final

import aiohttp
from pydantic import TypeAdapter, ValidationError

from orchestrator.errors import HostError, OrchestratorError, Refused
from orchestrator.hosts.agent.admission import Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.identity_token import EnrolmentToken

PATH: Final = "/v1/enrol"
LIMIT_S: Final = 30.0
ANSWER_LIMIT: Final = 65_536  # bytes

_ENROLMENT: Final = TypeAdapter(Enrolment)


def hub_context(token: EnrolmentToken) -> ssl.SSLContext:
    """Return the context that takes only the token's hub for the hub."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificate and name
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.hostname_checks_common_name = False  # a name counts only where the authority vouches for names
    context.load_verify_locations(cadata=token.ca)
    return context


async def enrol(token: EnrolmentToken, request: EnrolmentRequest, proxy: str | None = None) -> Enrolment:
    """Ask the hub to admit us. Safe to repeat with the same key.

    Args:
        token: read from the text that is in the request.
        request: what is sent, once the hub has proven itself.
        proxy: `http://HOST:PORT` of a proxy that takes CONNECT.

    Raises:
        Refused: `agent.token-refused`.
        HostError: `agent.hub-refused`, also for a hub that cannot prove itself: nothing was sent then.
    """
    timeout = aiohttp.ClientTimeout(total=LIMIT_S)
    connector = aiohttp.TCPConnector(ssl=hub_context(token))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(
                token.hub_url + PATH, json=asdict(request), proxy=proxy, allow_redirects=False
            ) as response,
        ):
            body = await whole_answer(response)
            return _enrolment(response.status, body, token.hub_url)
    except (aiohttp.ClientSSLError, ssl.SSLError):
        raise _no_hub(token.hub_url, "who answers is not the hub that the token names") from None
    except TimeoutError:  # a ClientError as well, so it goes first
        raise _no_hub(token.hub_url, f"no answer within {LIMIT_S:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
        raise _no_hub(token.hub_url, f"it cannot be reached ({type(error).__name__})") from None


async def whole_answer(response: aiohttp.ClientResponse) -> bytes:
    """Return the body of an answer, however many pieces it comes in.

    Raises:
        ValueError: it is larger than any right one.
    """
    body = b""
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > ANSWER_LIMIT:
            raise ValueError("the answer is too large")
    return body


def _enrolment(status: int, body: bytes, hub_url: str) -> Enrolment:
    try:
        if status == 200:
            return _ENROLMENT.validate_json(body)
        problem = json.loads(body)
        code = problem.get("code") if isinstance(problem, dict) else None
    except (ValidationError, ValueError, RecursionError):
        raise _no_hub(hub_url, f"its answer cannot be understood (status {status})") from None
    error: OrchestratorError = _no_hub(hub_url, f"it did not take the request (status {status})")
    if code == "agent.token-refused":
        error = Refused("agent.token-refused", "The hub does not take this token.", subject=hub_url)
    raise error


def _no_hub(hub_url: str, what: str) -> HostError:
    return HostError("agent.hub-refused", what, subject=hub_url)
