"""`quiesce agent enrol`: make this host known to a hub."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path
from typing import Final

import click

from orchestrator import __version__, logs
from orchestrator.cli.output import Answer, answers, columns
from orchestrator.errors import BadInput
from orchestrator.hosts.agent.admission import EnrolmentRequest
from orchestrator.hosts.agent.identity_agent import AgentFolder, AgentIdentity
from orchestrator.hosts.agent.identity_request import signing_request
from orchestrator.hosts.agent.identity_token import TOKEN_LIMIT, read_token
from orchestrator.plugin import Secret

_EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("token")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="Folder for this agent's key and state; by default `agent` in the state folder.",
)
@click.option("--name", help="Name of this host, fully qualified; by default what the system says.")
@click.option("--backend", default="vss", show_default=True, help="Kind of host that the agent serves.")
@click.option("--proxy", metavar="URL", help="HTTP proxy between this host and the hub.")
@click.option("--cert", type=_EXISTING, help="Certificate of the company's own authority; with --key.")
@click.option("--key", type=_EXISTING, help="Its private key, in PEM form.")
@answers("quiesce.agent-enrolled/1")
def enrol(
    token: str,
    state: Path | None,
    name: str | None,
    backend: str,
    proxy: str | None,
    cert: Path | None,
    key: Path | None,
) -> Answer:
    """Enrol this host with TOKEN, as `quiesce host enrol-token create` printed it; - reads it from stdin.

    The hub proves itself to this host before anything is sent to it.
    """
    if (cert is None) != (key is None):
        raise BadInput("input.usage", "--cert and --key belong together.")
    text = sys.stdin.read(TOKEN_LIMIT + 1).strip() if token == "-" else token  # noqa: S105 - a mark
    logs.never_print(Secret(text))
    said = read_token(text)
    logs.never_print(said.secret)
    folder = AgentFolder(state.absolute()) if state is not None else AgentFolder.default()
    folder.demand_empty()
    own_key = folder.begin() if cert is None or key is None else folder.adopt(key, cert)
    request = EnrolmentRequest(
        token=text,
        host_name=(name or socket.getfqdn()).lower(),
        signing_request=signing_request(own_key),
        agent_version=__version__,
        backend=backend,
    )
    # Its HTTP client is slow to import, and `agent --help` need not wait for it.
    from orchestrator.hosts.agent.identity_enrolling import enrol as ask_the_hub

    answer = asyncio.run(ask_the_hub(said, request, proxy))
    identity = AgentIdentity(answer.agent_id, said.hub_url, request.host_name, backend)
    folder.finish(identity, answer.certificate if cert is None else cert.read_text("ascii"), said.ca)
    fingerprint = folder.fingerprint()
    result = {
        "agent": answer.agent_id,
        "host_name": request.host_name,
        "hub": said.hub_url,
        "fingerprint": fingerprint,
        "approved": answer.approved,
        "state": str(folder.root),
    }
    rows = [("agent:", answer.agent_id), ("hub:", said.hub_url), ("fingerprint:", fingerprint)]
    rows += [("state:", str(folder.root)), ("approved:", "yes" if answer.approved else "not yet")]
    further = (
        "" if answer.approved else f"\nNext, on the orchestrator: quiesce host approve {answer.agent_id}"
    )
    return Answer(result, f"Enrolled as {request.host_name}.\n{columns(rows)}{further}")
