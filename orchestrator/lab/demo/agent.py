"""The agent of the demo's host: a hub, a token, and an agent that enrols with it and serves the server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from orchestrator.errors import HostError
from orchestrator.lab.children import announcement, product_child
from orchestrator.model.hosts import HostIdentity
from orchestrator.registry.agents import Agents
from orchestrator.registry.connections import Connections
from orchestrator.registry.endpoints import RegisteredHost
from orchestrator.registry.probe import probe_host
from orchestrator.service.agent_hosts import endpoint_of
from orchestrator.service.enrolment import Enrolments
from orchestrator.service.installation import Installation

LOOPBACK: Final = "127.0.0.1"
TOKEN_LIFE: Final = timedelta(minutes=10)
# A loaded machine takes a while to start two interpreters.
CONNECTED_WITHIN_S: Final = 20.0
LOOK_S: Final = 0.1


def register_through_agent(
    stack: ExitStack, installation: Installation, name: str, served: Mapping[str, Any], secret_ref: str
) -> None:
    """Start hub and agent, enrol and approve the agent, and register the host that it serves.

    Args:
        stack: ends both with the block.
        installation: the hub's.
        name: of the host.
        served: what the emulated server announced.
        secret_ref: where the server's token stands.

    Raises:
        HostError: the agent cannot be reached.
    """
    home, state = installation.folder.root, installation.folder.root / "lab" / "agent"
    hub = announcement(
        stack.enter_context(
            product_child(home, "agent", "hub", "--listen", f"{LOOPBACK}:0", "--name", LOOPBACK)
        )
    )
    _, token = Enrolments(installation.folder, installation.database).create_token(
        datetime.now(UTC),
        uses=1,
        life=TOKEN_LIFE,
        host_rule=name,
        hub_url=f"https://{LOOPBACK}:{hub['port']}",
    )
    agent_id = _enrol(home, state, name, token.text(), served["kind"])
    agents = Agents(installation.database)
    agents.approve([agent_id], datetime.now(UTC))
    serving = ("--backend-url", served["url"], "--secret", secret_ref, "--state", str(state))
    stack.enter_context(product_child(home, "agent", "run", *serving))
    endpoint = replace(endpoint_of(agents.get(agent_id)), name=name, settings={"hub_socket": hub["socket"]})
    draft = RegisteredHost(
        name=endpoint.name,
        kind=endpoint.kind,
        url=endpoint.url,
        secret_ref="",
        ca_file=None,
        settings=endpoint.settings,
        host_id="",
        host_name="",
        added_at=datetime.now(UTC),
    )
    met = asyncio.run(_meet(installation.connections, draft))
    known = next((each for each in installation.hosts.list() if each.url == draft.url), None)
    if known is not None:  # the hub was quicker; it does not know where its own socket lies for us
        installation.hosts.remove(known.name)
    installation.hosts.add(replace(draft, host_id=met.host_id, host_name=met.name))


def _enrol(home: Path, state: Path, name: str, token: str, backend: str) -> str:
    wanted = ("--state", str(state), "--name", name, "--backend", backend, "--json")
    command = [sys.executable, "-m", "orchestrator", "agent", "enrol", "-", *wanted]
    done = subprocess.run(  # noqa: S603 - our own command line; the token goes by stdin, which nobody lists
        command, input=token, capture_output=True, text=True, check=False
    )
    said = json.loads(done.stdout)
    if not said["ok"]:
        raise HostError("lab.child-ended", said["problem"]["what"], subject="agent enrol")
    return str(said["result"]["agent"])


async def _meet(connections: Connections, draft: RegisteredHost) -> HostIdentity:
    until_s = asyncio.get_running_loop().time() + CONNECTED_WITHIN_S
    while True:
        try:
            return (await probe_host(draft.name, connections.host(draft))).identity
        except HostError as error:
            if error.code != "host.unreachable" or asyncio.get_running_loop().time() > until_s:
                raise
        await asyncio.sleep(LOOK_S)
