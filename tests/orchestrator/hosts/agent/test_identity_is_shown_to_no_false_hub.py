"""The one request of an enrolment, to hubs that misbehave. Real TLS on loopback."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from orchestrator.errors import HostError, OrchestratorError, Refused
from orchestrator.hosts.agent import identity_enrolling
from orchestrator.hosts.agent.admission import Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.identity_agent import AgentFolder, AgentIdentity
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import new_key
from orchestrator.hosts.agent.identity_enrolling import enrol
from orchestrator.hosts.agent.identity_renewing import renew_if_due
from orchestrator.hosts.agent.identity_tls import TlsFiles
from tests.orchestrator.hosts.agent.identities import token_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Installation:
    """One whose files were read before the loop began, as nothing may block in it."""

    authority: AgentAuthority
    files: TlsFiles

    @classmethod
    def make(cls, folder: Path) -> Installation:
        now = datetime.now(UTC)
        authority = AgentAuthority.load_or_make(folder, "abc234", now)
        return cls(authority, authority.hub_files(["127.0.0.1"], now))


@pytest.fixture
def ours(tmp_path: Path) -> Installation:
    return Installation.make(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Installation:
    return Installation.make(tmp_path / "theirs")


@asynccontextmanager
async def hub(
    of: Installation, handler: Handler, *, newest: ssl.TLSVersion | None = None
) -> AsyncIterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(of.files.certificate, of.files.key)
    if newest is not None:
        context.maximum_version = newest
    app = web.Application()
    app.router.add_post("/v1/enrol", handler)
    app.router.add_post("/v1/renew", handler)
    app.router.add_route("*", "/elsewhere", _elsewhere)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _elsewhere(_request: web.Request) -> web.Response:
    return web.json_response({"agent_id": "a", "certificate": "PEM", "approved": True})


async def ask(of: Installation, url: str, proxy: str | None = None) -> Enrolment:
    token = token_of(of.authority, url)
    return await enrol(token, EnrolmentRequest(token.text(), "ex01.corp", "CSR", "1.0", "vss"), proxy)


async def test_a_hub_that_proves_itself_is_asked(ours: Installation) -> None:
    seen = []

    async def admits(request: web.Request) -> web.Response:
        seen.append(await request.json())
        return web.json_response({"agent_id": "a", "certificate": "PEM", "approved": False})

    async with hub(ours, admits) as url:
        assert await ask(ours, url) == Enrolment("a", "PEM", approved=False)
    assert [each["host_name"] for each in seen] == ["ex01.corp"]


async def test_nothing_is_sent_to_a_hub_of_another_installation(
    ours: Installation, theirs: Installation
) -> None:
    seen = []

    async def listens(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.Response()

    async with hub(theirs, listens) as url:
        with pytest.raises(HostError, match="not the hub") as caught:
            await ask(ours, url)
    assert caught.value.code == "agent.hub-refused"
    assert seen == []


async def test_nothing_is_sent_over_an_older_tls(ours: Installation) -> None:
    seen = []

    async def listens(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.Response()

    async with hub(ours, listens, newest=ssl.TLSVersion.TLSv1_2) as url:
        with pytest.raises(HostError):
            await ask(ours, url)
    assert seen == []


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (409, '{"code": "agent.token-refused", "what": "x"}', Refused),
        (422, '{"code": "agent.bad-request", "what": "x"}', HostError),
        (409, '{"code": ["agent.token-refused"]}', HostError),
        (500, "", HostError),
        (500, "[" * 60_000, HostError),
        (200, "", HostError),
        (200, '{"agent_id": 1}', HostError),
        (200, '"' + "x" * 200_000, HostError),
        (200, '{"agent_id": "a", "certificate": "%s", "approved": true}' % ("x" * 200_000), HostError),
        (307, "", HostError),
        (302, '{"agent_id": "a", "certificate": "PEM", "approved": true}', HostError),
    ],
)
async def test_an_answer_that_is_none_is_an_error(
    ours: Installation, status: int, body: str, error: type[OrchestratorError]
) -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, headers={"Location": "/elsewhere"})

    async with hub(ours, answers) as url:
        with pytest.raises(error) as caught:
            await ask(ours, url)
    assert (caught.value.code, caught.value.subject) == (
        "agent.token-refused" if error is Refused else "agent.hub-refused",
        url,
    )


async def test_a_hub_that_is_not_there_is_said(ours: Installation) -> None:

    async def never(_request: web.Request) -> web.Response:
        raise NotImplementedError

    async with hub(ours, never) as url:
        pass
    for proxy in (None, "http://127.0.0.1:1", "not a url"):
        with pytest.raises(HostError) as caught:
            await ask(ours, url, proxy)
        assert caught.value.code == "agent.hub-refused"


async def test_a_hub_that_says_nothing_is_given_up(
    ours: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_enrolling, "LIMIT_S", 0.2)

    async def breaks_off(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def waits(request: web.Request) -> web.Response:
        await request.content.wait_eof()
        await asyncio.Event().wait()
        return web.Response()

    for handler, what in ((breaks_off, "cannot be reached"), (waits, "no answer within")):
        async with hub(ours, handler) as url:
            with pytest.raises(HostError, match=what):
                await ask(ours, url)


async def test_an_answer_in_pieces_is_put_together(ours: Installation) -> None:
    async def dribbles(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in (b'{"agent_id": "a", ', b'"certificate": "PEM", ', b'"approved": false}'):
            await response.write(piece)
            for _ in range(20):  # lets the other end of this loop read it first
                await asyncio.sleep(0)
        return response

    async with hub(ours, dribbles) as url:
        assert await ask(ours, url) == Enrolment("a", "PEM", approved=False)


@pytest.mark.parametrize(("status", "of_own_key"), [(500, True), (200, False), (200, True)])
async def test_a_certificate_that_does_not_fit_is_not_kept(
    ours: Installation, tmp_path: Path, status: int, of_own_key: bool
) -> None:
    folder, now = AgentFolder(tmp_path / "agent"), datetime.now(UTC)
    key = await asyncio.to_thread(folder.begin)
    old = ours.authority.admit(key.public_key(), "a", now)
    later = now + timedelta(days=300)
    new = ours.authority.admit((key if of_own_key else new_key()).public_key(), "a", later)

    async def renews(_request: web.Request) -> web.Response:
        return web.json_response({"certificate": new}, status=status)

    async with hub(ours, renews) as url:
        identity = AgentIdentity("a", url, "ex01.corp", "vss")
        ca = await asyncio.to_thread(ours.authority.ca_file.read_text)
        await asyncio.to_thread(folder.finish, identity, old, ca)
        if status == 200 and of_own_key:
            assert await renew_if_due(folder, later)
        else:
            with pytest.raises(HostError, match="not renewed"):
                await renew_if_due(folder, later)
    kept = await asyncio.to_thread(folder.tls_files.certificate.read_text)
    assert kept == (new if status == 200 and of_own_key else old)
