"""What the tests of the REST layer talk to: a scripted array over TLS that counts, and a token."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from orchestrator.errors import ArrayError, ArrayRejected, CutNotAuthorised
from orchestrator.plugin import CutToken, ProviderContext, Secret
from providers.shared.rest import Answer, Patience, RestArray

Reply = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Nobody waits long in a test.
IMPATIENT = Patience(attempt_s=0.5, change_s=0.5, attempts=3, total_s=1.0, first_wait_s=0.001)

API_TOKEN = "3f1e-the-api-token-of-the-test"
SESSION = "the-session-of-the-test"


def says(status: int = 200, body: object = None, **headers: str) -> Reply:
    """Answer with a status, a JSON body, and headers (their underscores are hyphens)."""

    async def reply(_: web.BaseRequest) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"items": []} if body is None else body, status=status, headers=named)

    return reply


def writes(text: str, status: int = 200) -> Reply:
    """Answer with a body that may be anything."""

    async def reply(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text, status=status)

    return reply


async def hangs_up(request: web.BaseRequest) -> web.StreamResponse:
    """Read the request and drop the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def never_answers(_: web.BaseRequest) -> web.StreamResponse:
    """Keep the caller waiting."""
    await asyncio.sleep(60)
    return web.Response()


@dataclass
class ScriptedArray:
    """Plays its script, one reply a request, then says 200; a log-in is answered besides."""

    port: int = 0
    connections: int = 0
    requests: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    ways: list[int] = field(default_factory=list)
    script: deque[Reply] = field(default_factory=deque)
    login: Reply = field(default_factory=lambda: says(x_session=SESSION))
    transports: list[asyncio.Transport] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Note the request and play the next reply."""
        assert isinstance(request.transport, asyncio.Transport)
        if request.transport not in self.transports:
            self.transports.append(request.transport)
        self.ways.append(self.transports.index(request.transport))
        self.requests.append(f"{request.method} {request.path_qs}")
        self.sessions.append(request.headers.get("x-session", ""))
        self.bodies.append(await request.read())
        if request.path == "/login":
            return await self.login(request)
        return await (self.script.popleft() if self.script else says())(request)

    def will(self, *replies: Reply) -> None:
        """Add to the script."""
        self.script.extend(replies)

    async def close_connections(self) -> None:
        """Close every kept-alive connection from the array's end, and let the client notice."""
        for transport in self.transports:
            transport.close()
        await asyncio.sleep(0.02)

    def count(self, call: str) -> int:
        """Return how many requests of this kind came."""
        return self.requests.count(call)


@asynccontextmanager
async def serving(tls: ssl.SSLContext) -> AsyncIterator[ScriptedArray]:
    """Serve a scripted array on a free port of loopback."""
    array = ScriptedArray()
    web_server = web.Server(array.handle)

    def accept() -> asyncio.Protocol:
        array.connections += 1
        return web_server()

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0, ssl=tls)
    array.port = server.sockets[0].getsockname()[1]
    try:
        yield array
    finally:
        server.close()
        await web_server.shutdown(0.01)


class PlainDialect:
    """The least that a vendor's client has to say."""

    cuts = frozenset({("POST", "/cuts"), ("DELETE", "/mirrors")})

    def __init__(self) -> None:
        self.rest: RestArray | None = None
        self.logins = 0

    async def log_in(self) -> dict[str, str]:
        assert self.rest is not None
        self.logins += 1
        answer = await self.rest.anonymous("POST", "/login", {"api-token": API_TOKEN})
        return {"x-session": answer.headers["x-session"]}

    def words(self, answer: Answer) -> str:
        return str(answer.body or "")

    def refusal(self, answer: Answer) -> ArrayError:
        return ArrayRejected(self.words(answer), subject="array-a", vendor_code=str(answer.status))

    def next_page(self, answer: Answer) -> dict[str, str] | None:
        assert isinstance(answer.body, dict)
        return {"page": answer.body["next"]} if "next" in answer.body else None


def rest_array(
    port: int, ca_file: Path | None, *, host: str = "127.0.0.1", patience: Patience = IMPATIENT
) -> RestArray:
    """Return an array that is not opened yet."""
    context = ProviderContext("array-a", f"https://{host}:{port}", Secret(API_TOKEN), ca_file)
    dialect = PlainDialect()
    dialect.rest = RestArray(context, dialect, patience)
    return dialect.rest


@asynccontextmanager
async def connected(port: int, ca_file: Path, patience: Patience = IMPATIENT) -> AsyncIterator[RestArray]:
    """Return an array with a session and both lanes proven."""
    rest = rest_array(port, ca_file, patience=patience)
    await rest.open()
    try:
        await rest.log_in()
        await rest.read("/clock")
        yield rest
    finally:
        await rest.close()


class TestToken(CutToken):
    """Stands in for the engine's token; the door lets only that module's name define one."""

    __module__ = "orchestrator.engine.token"
    __test__ = False

    def __init__(self, arrays: Sequence[str] = ("id-a",)) -> None:
        self.unspent = set(arrays)

    def spend(self, array_id: str) -> None:
        """Allow one cut an array."""
        if array_id not in self.unspent:
            raise CutNotAuthorised("policy.cut-not-authorised", "dead", subject=array_id)
        self.unspent.remove(array_id)
