"""Enrolment from end to end: agents' side, TLS on loopback, the hub, the service, the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import HostError, Refused
from orchestrator.hosts.agent.admission import Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.hub import AgentHub
from orchestrator.hosts.agent.hub_serving import serve_hub
from orchestrator.hosts.agent.identity_agent import AgentFolder, AgentIdentity
from orchestrator.hosts.agent.identity_certificates import RENEW_BEFORE, Issuer, new_key
from orchestrator.hosts.agent.identity_enrolling import enrol
from orchestrator.hosts.agent.identity_files import read_certificate, write_key, write_private
from orchestrator.hosts.agent.identity_renewing import renew_if_due
from orchestrator.hosts.agent.identity_request import signing_request
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.identity_token import EnrolmentToken, read_token
from orchestrator.hosts.agent.paths import AGENT
from orchestrator.hosts.agent.tls import client_context
from orchestrator.registry.database import Database
from orchestrator.service.enrolment import Enrolments

pytestmark = pytest.mark.journey

T = TypeVar("T")


@dataclass(frozen=True)
class Scene:
    """A hub that serves, and where its agents keep their state."""

    enrolments: Enrolments
    url: str
    folder: Path

    async def token(self, uses: int = 1) -> EnrolmentToken:
        return await asyncio.to_thread(self._token, uses)

    def _token(self, uses: int) -> EnrolmentToken:
        now, life = datetime.now(UTC), timedelta(hours=1)
        made = self.enrolments.create_token(now, uses=uses, life=life, host_rule="*.corp", hub_url=self.url)
        return read_token(made[1].text())

    async def enrol(self, token: EnrolmentToken, name: str = "ex01.corp", csr: str = "") -> Enrolment:
        csr = csr or signing_request(new_key())
        return await enrol(token, EnrolmentRequest(token.text(), name, csr, "1.0", "vss"))


@pytest.fixture
def enrolments(tmp_path: Path) -> Enrolments:
    folder = StateFolder(tmp_path / "home")
    folder.prepare()
    return Enrolments(folder, Database(folder.database))


@asynccontextmanager
async def hub(enrolments: Enrolments, folder: Path, company: TlsFiles | None = None) -> AsyncIterator[Scene]:
    now = datetime.now(UTC)
    ours = await asyncio.to_thread(lambda: enrolments.authority(now).hub_files(["127.0.0.1"], now))
    files = company or ours
    async with serve_hub(AgentHub(enrolments), files, "127.0.0.1", 0, folder / "hub.sock") as port:
        yield Scene(enrolments, f"https://127.0.0.1:{port}", folder)


async def in_thread(function: Callable[[], T]) -> T:
    return await asyncio.to_thread(function)


async def test_forty_hosts_enrol_at_once_and_one_more_does_not(
    enrolments: Enrolments, tmp_path: Path
) -> None:
    async with hub(enrolments, tmp_path) as scene:
        token = await scene.token(40)
        asked = (scene.enrol(token, f"ex{number:02}.corp") for number in range(40))
        answers = await asyncio.gather(*asked)
        assert len({each.agent_id for each in answers}) == 40
        with pytest.raises(Refused) as caught:
            await scene.enrol(token, "ex41.corp")
        assert caught.value.code == "agent.token-refused"
    assert len(await in_thread(enrolments.agents.list)) == 40


async def test_a_request_that_does_not_fit_has_no_effect(enrolments: Enrolments, tmp_path: Path) -> None:
    async with hub(enrolments, tmp_path) as scene:
        token = await scene.token()
        for name, csr in (("ex 01.corp", ""), ("ex01.corp", "words"), ("ex01.corp", "x" * 40_000)):
            with pytest.raises(HostError) as caught:
                await scene.enrol(token, name, csr)
            assert caught.value.code == "agent.hub-refused"
    assert await in_thread(enrolments.agents.list) == []
    assert [each.uses_left for each in await in_thread(enrolments.tokens.list)] == [1]


async def test_an_agent_renews_with_its_old_certificate_until_it_is_revoked(
    enrolments: Enrolments, tmp_path: Path
) -> None:
    folder = AgentFolder(tmp_path / "agent")
    async with hub(enrolments, tmp_path) as scene:
        token = await scene.token()
        csr = await in_thread(lambda: signing_request(folder.begin()))
        answer = await scene.enrol(token, csr=csr)
        identity = AgentIdentity(answer.agent_id, scene.url, "ex01.corp", "vss")
        await in_thread(lambda: folder.finish(identity, answer.certificate, token.ca))
        before = await in_thread(lambda: read_certificate(folder.tls_files.certificate))
        assert not await renew_if_due(folder, datetime.now(UTC))
        due = before.not_valid_after_utc - RENEW_BEFORE
        assert await renew_if_due(folder, due)
        renewed = await in_thread(lambda: read_certificate(folder.tls_files.certificate))
        assert renewed != before
        assert renewed.public_key() == before.public_key()
        await in_thread(lambda: enrolments.agents.revoke(answer.agent_id))
        with pytest.raises(HostError, match="not renewed"):
            await renew_if_due(folder, due + timedelta(days=1))
        assert await in_thread(lambda: read_certificate(folder.tls_files.certificate)) == renewed


async def test_a_company_s_certificate_lets_in_only_whose_key_is_pinned(
    enrolments: Enrolments, tmp_path: Path
) -> None:
    company, hub_files = await in_thread(lambda: company_of(tmp_path))
    folder, stranger = AgentFolder(tmp_path / "agent"), AgentFolder(tmp_path / "stranger")
    async with hub(enrolments, tmp_path, hub_files) as scene:
        for each, enrols in ((folder, True), (stranger, False)):
            key = await in_thread(each.begin)
            certificate = company.issue(key.public_key(), "agent", datetime.now(UTC), agent_id="x")
            pem = certificate.public_bytes(Encoding.PEM).decode()
            identity = AgentIdentity("x", scene.url, "ex01.corp", "vss")
            ca = company.certificate.public_bytes(Encoding.PEM).decode()
            if enrols:
                token = replace(await scene.token(), ca=ca)
                await scene.enrol(token, csr=signing_request(key))
            await asyncio.to_thread(each.finish, identity, pem, ca)
        assert await dialled(folder) == 101
        assert await dialled(stranger) == 403


def company_of(folder: Path) -> tuple[Issuer, TlsFiles]:
    company = Issuer.make(new_key(), "Company CA", datetime.now(UTC))
    key = new_key()
    certificate = company.issue(key.public_key(), "hub", datetime.now(UTC), names=["127.0.0.1"])
    files = TlsFiles(folder / "hub.pem", folder / "hub.key", folder / "company.pem")
    write_key(files.key, key)
    write_private(files.certificate, certificate.public_bytes(Encoding.PEM))
    write_private(files.ca_file, company.certificate.public_bytes(Encoding.PEM))
    return company, files


async def dialled(folder: AgentFolder) -> int:
    """Return the status with which the hub answers an agent that dials."""
    context = await in_thread(lambda: client_context(folder.tls_files, by_name=True))
    url = (await in_thread(folder.identity)).hub_url + AGENT
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        try:
            async with session.ws_connect(url):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status
