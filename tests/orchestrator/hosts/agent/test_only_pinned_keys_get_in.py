"""Wrong certificate, none, an old TLS, an agent that nobody approved: no effect, and nothing is read."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from orchestrator.errors import BadInput, HostError
from orchestrator.hosts.agent import hub as hub_module
from orchestrator.hosts.agent.admission import AdmittedAgent
from orchestrator.hosts.agent.hub_enrolment import BURST, Allowance
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.tls import client_context, server_context
from tests.orchestrator.hosts.agent.network import Certificates, Network, fingerprint, until

pytestmark = pytest.mark.journey  # real sockets, and waiting for them

ENROLMENT = {
    "token": "t",
    "host_name": "exch01.corp",
    "signing_request": "pem",
    "agent_version": "1",
    "backend": "vss",
}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return Network(tmp_path)


async def attempt(url: str, context: ssl.SSLContext) -> None:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.ws_connect(url) as socket,
    ):
        await socket.send_str('{"version":1,"request_id":1,"op":"identify","args":{}}')
        await socket.receive()


def anonymous(ca_file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(ca_file)
    return context


def test_contexts_speak_tls_1_3_only_and_verify_both_ends(network: Network) -> None:
    server = server_context(network.agent_files, anonymous_too=False)
    client = client_context(network.agent_files, by_name=True)
    assert server.minimum_version is client.minimum_version is ssl.TLSVersion.TLSv1_3
    assert server.verify_mode is client.verify_mode is ssl.CERT_REQUIRED
    assert client.check_hostname


@pytest.mark.parametrize("part", ["certificate", "key", "ca_file"])
def test_files_that_cannot_be_used_are_named(network: Network, part: str) -> None:
    files = replace(network.agent_files, **{part: network.folder / "missing.pem"})
    with pytest.raises(BadInput) as caught:
        client_context(files, by_name=True)
    assert caught.value.code == "agent.key-unusable"


class Strangers:
    """Those who may not: made before the loop."""

    def __init__(self, network: Network) -> None:
        ca = network.certificates.hub.ca_file
        other = Certificates(network.folder / "other", "other1")
        foreign = other.orchestrator
        unknown = network.certificates.agent("agent-2")
        old = client_context(network.agent_files, by_name=False)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
        self.contexts = {
            "no certificate": anonymous(ca),
            "another authority's": self._of(TlsFiles(foreign.certificate, foreign.key, ca)),
            "not pinned": self._of(unknown),
            "TLS 1.2": old,
        }

    @staticmethod
    def _of(files: TlsFiles) -> ssl.SSLContext:
        return client_context(files, by_name=False)


KINDS = pytest.mark.parametrize(
    "stranger", ["no certificate", "another authority's", "not pinned", "TLS 1.2"]
)


@pytest.fixture
def strangers(network: Network) -> Strangers:
    return Strangers(network)


@KINDS
async def test_the_hub_lets_no_stranger_in(network: Network, strangers: Strangers, stranger: str) -> None:
    async with network.hub_running() as port:
        with pytest.raises(aiohttp.ClientError):
            await attempt(f"https://127.0.0.1:{port}/v1/agent", strangers.contexts[stranger])
        assert network.hub.connected == ()
    assert network.pins.came == []


@KINDS
async def test_an_agent_answers_no_stranger(network: Network, strangers: Strangers, stranger: str) -> None:
    async with network.agent_listening() as port:
        with pytest.raises(aiohttp.ClientError):
            await attempt(f"https://127.0.0.1:{port}/v1/agent", strangers.contexts[stranger])
    assert network.backend.calls == []


async def test_an_agent_may_be_told_of_one_orchestrator_only(network: Network) -> None:
    async with network.agent_listening(pin="0" * 64) as port:
        host = network.by_dialling(port)
        with pytest.raises(HostError, match="does not take this orchestrator"):
            await host.connect()
        await host.close()
    async with network.agent_listening(pin=network.orchestrator_key.upper()) as port:
        host = network.by_dialling(port)
        await host.connect()
        await host.close()


async def test_the_orchestrator_asks_no_agent_but_the_pinned_one(network: Network) -> None:
    async with network.agent_listening() as port:
        host = network.by_dialling(port, fingerprint="0" * 64)
        with pytest.raises(HostError) as caught:
            await host.connect()
        assert caught.value.code == "agent.wrong-peer"
        await host.close()
    assert network.backend.calls == []


@pytest.fixture
def other(network: Network) -> Certificates:
    return Certificates(network.folder / "elsewhere", "other2")


async def test_an_agent_does_not_speak_to_a_false_hub(network: Network, other: Certificates) -> None:
    network.certificates.hub = other.hub
    async with network.hub_running(), network.agent_dialling():
        await asyncio.sleep(0.1)
        assert network.hub.connected == ()
    assert network.backend.calls == []


async def test_an_agent_cannot_pass_for_the_hub(network: Network) -> None:
    network.certificates.hub = network.agent_files
    async with network.hub_running(), network.agent_dialling():
        await asyncio.sleep(0.1)
        assert network.hub.connected == ()


async def test_an_agent_that_is_not_approved_is_asked_nothing(network: Network) -> None:
    pending = AdmittedAgent("agent-1", "exch01.corp", approved=False)
    approved, network.pins.pinned[network.agent_key] = network.pins.pinned[network.agent_key], pending
    async with network.hub_running(), network.agent_dialling():
        await network.until_connected()
        host = network.through_hub()
        with pytest.raises(HostError) as caught:
            await host.connect()
        assert caught.value.code == "agent.not-approved"
        assert network.backend.calls == []
        network.pins.pinned[network.agent_key] = approved
        await host.connect()
        await host.close()


async def test_an_agent_that_is_revoked_is_dropped_and_not_let_in_again(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "LOOK_S", 0.01)
    async with network.joined("hub"):
        network.pins.pinned.clear()
        await network.until_connected(0)
        await asyncio.sleep(0.3)
        assert network.hub.connected == ()


async def test_a_look_that_fails_is_taken_again(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "LOOK_S", 0.01)
    async with network.joined("hub"):
        good = network.pins.admitted

        def fails(key: str) -> AdmittedAgent | None:
            monkeypatch.setattr(network.pins, "admitted", good)
            raise OSError("locked")

        monkeypatch.setattr(network.pins, "admitted", fails)
        await asyncio.sleep(0.05)
        network.pins.pinned.clear()
        await network.until_connected(0)


async def test_a_second_connection_of_an_agent_replaces_the_first(network: Network) -> None:
    async with network.joined("hub"):
        first = network.hub._lines["agent-1"]
        async with network.agent_dialling():
            await until(lambda: network.hub._lines.get("agent-1") not in (first, None))
            assert first._socket.closed
            await asyncio.sleep(0.05)  # the end of the first does not take the second along
            assert network.hub._lines.get("agent-1") not in (first, None)


async def post(network: Network, path: str, context: ssl.SSLContext, **body: Any) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session,
        session.post(f"https://127.0.0.1:{network.port}{path}", **body) as response,
    ):
        return response.status, await response.text()


async def test_an_agent_enrols_without_a_certificate(network: Network, strangers: Strangers) -> None:
    async with network.hub_running():
        nobody = strangers.contexts["no certificate"]
        status, text = await post(network, "/v1/enrol", nobody, json=ENROLMENT)
        assert status == 200
        assert "agent-9" in text
        assert network.pins.enrolled[0].host_name == "exch01.corp"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[" * 20_000, 400),
        (b'{"token":1}', 400),
        (b'{"token":"t","host_name":"h","signing_request":"s","agent_version":"1"}', 400),
        (b"x" * 40_000, 413),
    ],
)
async def test_a_bad_enrolment_reaches_nobody(
    network: Network, strangers: Strangers, body: bytes, status: int
) -> None:
    async with network.hub_running():
        nobody = strangers.contexts["no certificate"]
        assert (await post(network, "/v1/enrol", nobody, data=body))[0] == status
        extra = {**ENROLMENT, "approved": True}
        assert (await post(network, "/v1/enrol", nobody, json=extra))[0] == 400
    assert network.pins.enrolled == []


async def test_a_certificate_is_renewed_for_the_key_that_was_proven(
    network: Network, strangers: Strangers
) -> None:
    own = await asyncio.to_thread(client_context, network.agent_files, by_name=False)
    async with network.hub_running():
        request = {"signing_request": "pem"}
        assert (await post(network, "/v1/renew", strangers.contexts["no certificate"], json=request))[
            0
        ] == 403
        status, text = await post(network, "/v1/renew", own, json=request)
        assert status == 200
        assert network.agent_key in text


def test_guessing_is_slowed_down() -> None:
    now_s = 0.0
    allowance = Allowance(lambda: now_s)
    assert [allowance.take() for _ in range(int(BURST) + 2)][-3:] == [True, False, False]
    now_s = 1.0
    assert [allowance.take() for _ in range(6)] == [True] * 5 + [False]


async def test_too_many_enrolments_are_turned_away(network: Network, strangers: Strangers) -> None:
    async with network.hub_running():
        nobody = strangers.contexts["no certificate"]
        connector = aiohttp.TCPConnector(ssl=nobody)
        async with aiohttp.ClientSession(connector=connector) as session:
            url = f"https://127.0.0.1:{network.port}/v1/enrol"
            statuses = []
            for _ in range(int(BURST) + 3):
                async with session.post(url, data=b"") as response:
                    statuses.append(response.status)
    assert statuses[0] == 400
    assert 429 in statuses


def test_fingerprints_are_of_keys(network: Network) -> None:
    assert len(fingerprint(network.agent_files)) == 64
