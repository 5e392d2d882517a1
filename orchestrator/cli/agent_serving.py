"""What `quiesce agent run` and `quiesce agent hub` do, apart from reading their command lines."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from orchestrator import __version__, logs
from orchestrator.errors import BadInput, OrchestratorError
from orchestrator.hosts.agent.dialing import Hub, serve_hub
from orchestrator.hosts.agent.hub import AgentHub
from orchestrator.hosts.agent.hub_serving import serve_hub as serve_agents
from orchestrator.hosts.agent.identity_agent import AgentFolder
from orchestrator.hosts.agent.identity_renewing import renew_if_due
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.listening import Listening, serve_orchestrators
from orchestrator.hosts.agent.running import running_service
from orchestrator.hosts.agent.serving import AgentService
from orchestrator.hosts.agent.tls import spare_memory
from orchestrator.plugin import HostCoordinator
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import Endpoint
from orchestrator.registry.plugins import load_plugins
from orchestrator.registry.secret_reference import SecretReference
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.installation import Installation, settle_heap

RENEWAL_S: Final = 86_400.0  # how often the agent looks whether its certificate nears its end

Announce = Callable[[dict[str, Any]], None]


def run_agent(
    announce: Announce,
    *,
    backend: str | None,
    backend_url: str,
    secret: str | None,
    settings: Mapping[str, str],
    hub: str | None,
    proxy: str | None,
    address: tuple[str, int] | None,
    orchestrator: str | None,
    state: Path | None,
) -> None:
    """Serve a backend until SIGTERM or SIGINT.

    Raises:
        BadInput: the backend is unknown, its settings do not fit, or this host is not enrolled.
        HostError: the backend fails, or something that was left frozen cannot be thawed.
    """
    logs.set_up()
    folder = AgentFolder(state.absolute()) if state is not None else AgentFolder.default()
    identity = folder.identity()
    coordinator = _backend(backend or identity.backend, backend_url, secret, settings)

    @asynccontextmanager
    async def serving(service: AgentService) -> AsyncIterator[dict[str, Any]]:
        if address is not None:
            listening = Listening(*address, folder.tls_files, orchestrator or "")
            async with serve_orchestrators(listening, service) as port:
                yield {"port": port}
        else:
            dialled = Hub(hub or identity.hub_url, folder.tls_files, __version__, proxy)
            dialling = asyncio.create_task(serve_hub(dialled, service))
            try:
                yield {"hub": dialled.url}
            finally:
                dialling.cancel()
                await asyncio.wait({dialling})

    async def renewing(service: AgentService) -> None:
        while True:
            if not service.in_window:
                with suppress(OrchestratorError):  # there is a third of its life left to try again
                    await renew_if_due(folder, datetime.now(UTC), proxy)
            await asyncio.sleep(RENEWAL_S)

    async def life() -> None:
        stop = _stop_at_a_signal()
        async with (
            running_service(coordinator, folder.root, __version__) as service,
            serving(service) as said,
        ):
            announce({"agent": identity.agent_id, "backend": coordinator.kind, "pid": os.getpid(), **said})
            settle_heap()
            renewal = asyncio.create_task(renewing(service))
            await stop.wait()
            renewal.cancel()

    asyncio.run(life())


def run_hub(
    announce: Announce, address: tuple[str, int], names: tuple[str, ...], company: TlsFiles | None = None
) -> None:
    """Serve agents and local callers until SIGTERM or SIGINT.

    Args:
        announce: told where it serves.
        address: to listen at.
        names: by which agents dial; for the certificate of our own authority.
        company: certificate, key and CA file of a company, in place of our own.

    Raises:
        BadInput: the hub has no name yet, or its keys cannot be used.
        Refused: another hub runs, or the authority is lost.
    """
    installation = Installation.open()
    enrolments = Enrolments(installation.folder, installation.database)
    now = datetime.now(UTC)
    files = company or enrolments.authority(now).hub_files(names, now)

    async def life() -> None:
        stop = _stop_at_a_signal()
        spare_memory()
        socket = installation.folder.agents_socket
        async with serve_agents(AgentHub(enrolments), files, *address, socket) as port:
            announce({"port": port, "socket": str(socket), "pid": os.getpid()})
            settle_heap()
            await stop.wait()

    asyncio.run(life())


def _backend(kind: str, url: str, secret: str | None, settings: Mapping[str, str]) -> HostCoordinator:
    if kind == "agent":
        raise BadInput(
            "input.bad-settings", "An agent serves a host, not another agent.", subject="--backend"
        )
    reference = "" if secret is None else str(SecretReference.parse(secret))
    endpoint = Endpoint(
        name=kind, kind=kind, url=url, secret_ref=reference, ca_file=None, settings=dict(settings)
    )
    return Connections(load_plugins(), announce=logs.never_print).host(endpoint)


def _stop_at_a_signal() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # asyncio on Windows knows no signal handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop
