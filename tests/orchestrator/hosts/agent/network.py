"""Hub, agents and callers on this machine's loopback, with certificates of a test's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from orchestrator.hosts.agent.admission import AdmittedAgent, Enrolment, EnrolmentRequest
from orchestrator.hosts.agent.coordinator import AgentCoordinator, AgentSettings
from orchestrator.hosts.agent.dialing import Hub, serve_hub
from orchestrator.hosts.agent.hub import AgentHub
from orchestrator.hosts.agent.hub_serving import serve_hub as serve_agents
from orchestrator.hosts.agent.identity_authority import AgentAuthority
from orchestrator.hosts.agent.identity_certificates import fingerprint_of_key, new_key
from orchestrator.hosts.agent.identity_files import read_certificate, write_key, write_private
from orchestrator.hosts.agent.identity_request import requested_key, signing_request
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.listening import Listening, serve_orchestrators
from orchestrator.hosts.agent.memory import MemoryFile
from orchestrator.hosts.agent.serving import AgentService
from orchestrator.model.hosts import HostIdentity
from orchestrator.plugin import ProviderContext, Secret
from tests.orchestrator.hosts.agent.scripted_backend import ScriptedBackend


@dataclass
class Pins:
    """`Admissions` in memory."""

    pinned: dict[str, AdmittedAgent] = field(default_factory=dict)
    enrolled: list[EnrolmentRequest] = field(default_factory=list)
    came: list[tuple[str, str]] = field(default_factory=list)
    hosts: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def enrol(self, request: EnrolmentRequest, now: datetime) -> Enrolment:
        self.enrolled.append(request)
        return Enrolment("agent-9", "a certificate", approved=False)

    def admitted(self, key_fingerprint: str) -> AdmittedAgent | None:
        self.asked += 1
        return self.pinned.get(key_fingerprint)

    def seen(self, agent_id: str, version: str, now: datetime) -> None:
        self.came.append((agent_id, version))

    def renew(self, key_fingerprint: str, signing_request: str, now: datetime) -> str:
        return f"renewed {key_fingerprint}"

    def met(self, agent_id: str, identity: HostIdentity, now: datetime) -> None:
        self.hosts[agent_id] = identity.host_id


class Certificates:
    """One installation's. Blocks: to be made before the loop."""

    def __init__(self, folder: Path, installation: str = "test01") -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.now = datetime.now(UTC)
        self.authority = AgentAuthority.load_or_make(folder, installation, self.now)
        self.hub = self.authority.hub_files(["127.0.0.1", "localhost"], self.now)
        self.orchestrator = self.authority.orchestrator_files(self.now)

    def agent(self, agent_id: str) -> TlsFiles:
        key = new_key()
        files = TlsFiles(self.folder / f"{agent_id}.pem", self.folder / f"{agent_id}.key", self.hub.ca_file)
        write_key(files.key, key)
        pem = self.authority.admit(requested_key(signing_request(key)), agent_id, self.now)
        write_private(files.certificate, pem.encode())
        return files


async def until(fulfilled: Callable[[], bool]) -> None:
    while not fulfilled():  # noqa: ASYNC110 - nothing in the product tells of it
        await asyncio.sleep(0.002)


def fingerprint(files: TlsFiles) -> str:
    return fingerprint_of_key(read_certificate(files.certificate).public_key())


def der(files: TlsFiles) -> bytes:
    return read_certificate(files.certificate).public_bytes(Encoding.DER)


class Network:
    """What a test plugs together. Files are made before the loop, all else within `async with`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificates = Certificates(folder / "keys")
        self.agent_files = self.certificates.agent("agent-1")
        self.agent_key = fingerprint(self.agent_files)
        self.orchestrator_key = fingerprint(self.certificates.orchestrator)
        self.pins = Pins({self.agent_key: AdmittedAgent("agent-1", "exch01.corp", approved=True)})
        self.hub = AgentHub(self.pins)
        self.socket = folder / "hub.sock"
        self.backend = ScriptedBackend()
        self.memory = MemoryFile(folder / "state" / "sets.json")
        self.port = 0

    def service(self) -> AgentService:
        return AgentService(self.backend, self.memory, version="1.2.3")

    @asynccontextmanager
    async def hub_running(self, port: int = 0) -> AsyncIterator[int]:
        files = self.certificates.hub
        async with serve_agents(self.hub, files, "127.0.0.1", port, self.socket) as self.port:
            yield self.port

    @asynccontextmanager
    async def agent_dialling(self, service: AgentService | None = None) -> AsyncIterator[AgentService]:
        service = service or self.service()
        hub = Hub(f"https://127.0.0.1:{self.port}", self.agent_files, "1.2.3")
        dialling = asyncio.create_task(serve_hub(hub, service))
        try:
            yield service
        finally:
            dialling.cancel()
            await asyncio.wait({dialling})

    @asynccontextmanager
    async def agent_listening(self, service: AgentService | None = None, pin: str = "") -> AsyncIterator[int]:
        listening = Listening("127.0.0.1", 0, self.agent_files, pin)
        async with serve_orchestrators(listening, service or self.service()) as port:
            yield port

    def through_hub(self, agent_id: str = "agent-1") -> AgentCoordinator:
        return coordinator(f"agent:{agent_id}", hub_socket=self.socket)

    def by_dialling(self, port: int, **other: object) -> AgentCoordinator:
        own = self.certificates.orchestrator
        settings: Mapping[str, object] = {
            "certificate": own.certificate,
            "key": own.key,
            "fingerprint": self.agent_key,
            **other,
        }
        return coordinator(f"https://127.0.0.1:{port}", self.certificates.hub.ca_file, **settings)

    async def until_connected(self, number: int = 1) -> None:
        await until(lambda: len(self.hub.connected) == number)

    @asynccontextmanager
    async def joined(self, way: str) -> AsyncIterator[AgentCoordinator]:
        """Everything up, and a coordinator connected: through the hub, or by dialling."""
        async with AsyncExitStack() as stack:
            if way == "hub":
                await stack.enter_async_context(self.hub_running())
                await stack.enter_async_context(self.agent_dialling())
                await self.until_connected()
                host = self.through_hub()
            else:
                host = self.by_dialling(await stack.enter_async_context(self.agent_listening()))
            stack.push_async_callback(host.close)
            await host.connect()
            yield host


def coordinator(url: str, ca_file: Path | None = None, **settings: object) -> AgentCoordinator:
    context = ProviderContext("exch01", url, Secret(""), ca_file)
    return AgentCoordinator(context, AgentSettings.model_validate(settings))
