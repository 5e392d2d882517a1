"""The lab's own certificate authority."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from aiohttp import ClientConnectorCertificateError, ClientSession, TCPConnector, web

from orchestrator.lab.certificates import LabCertificates


async def answer(context: ssl.SSLContext, certificates: LabCertificates, host: str) -> str:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", hello)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificates.server).start()
        port = runner.addresses[0][1]
        async with (
            ClientSession(connector=TCPConnector(ssl=context)) as session,
            session.get(f"https://{host}:{port}/") as response,
        ):
            return await response.text()
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    return LabCertificates.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def other_certificates(tmp_path_factory: pytest.TempPathFactory) -> LabCertificates:
    return LabCertificates.make(tmp_path_factory.mktemp("other-tls"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_ca_file_is_all_that_a_strict_client_needs(
    certificates: LabCertificates, host: str
) -> None:
    context = ssl.create_default_context(cafile=certificates.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    assert await answer(context, certificates, host) == "hello"


async def test_another_labs_ca_file_does_not_do(
    certificates: LabCertificates, other_certificates: LabCertificates
) -> None:
    context = ssl.create_default_context(cafile=other_certificates.ca_file)
    with pytest.raises(ClientConnectorCertificateError):
        await answer(context, certificates, "127.0.0.1")


def test_the_servers_key_is_for_its_owner_only(tmp_path: Path) -> None:
    LabCertificates.make(tmp_path / "tls")
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "tls" / "server.pem").stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "tls").glob("*key*"))
