"""`quiesce agent`: the agent on a host, and the hub that agents dial."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import click

from orchestrator.cli.agent_enrol import enrol
from orchestrator.cli.output import problem_document, problem_text
from orchestrator.errors import BadInput, OrchestratorError, exit_status_of
from orchestrator.hosts.agent.identity_tls import TlsFiles
from orchestrator.hosts.agent.identity_token import HUB_PORT

_EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def agent() -> None:
    """Run the agent of a host, or the hub of all agents."""


agent.add_command(enrol)


@agent.command()
@click.option("--backend", help="Kind of host to serve; by default the one it was enrolled with.")
@click.option("--backend-url", default="file:///", show_default=True, help="Address of the backend.")
@click.option("--secret", metavar="REF", help="The backend's secret, if it needs one: env:NAME or file:PATH.")
@click.option("--setting", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the backend.")
@click.option("--hub", metavar="URL", help="The hub to dial; by default the one it was enrolled with.")
@click.option("--proxy", metavar="URL", help="HTTP proxy between this host and the hub.")
@click.option("--listen", metavar="HOST:PORT", help="Wait for the orchestrator instead of dialling a hub.")
@click.option(
    "--orchestrator",
    metavar="FINGERPRINT",
    help="With --listen: the only key that may ask; by default any orchestrator of the installation.",
)
@click.option("--state", type=click.Path(path_type=Path), help="Folder of this agent's key and state.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when it serves.")
def run(as_json: bool, **given: Any) -> None:
    """Serve this host until stopped. Whatever an earlier life left frozen is thawed first."""
    from orchestrator.cli.agent_serving import run_agent

    if given["listen"] and given["hub"]:
        raise click.UsageError("--listen and --hub exclude each other.")
    address = _address(given.pop("listen"), "--listen") if given["listen"] else None
    settings = dict(_pair(text) for text in given.pop("settings"))
    given.pop("listen", None)
    _run_to_end(lambda: run_agent(_announcing(as_json), address=address, settings=settings, **given), as_json)


@agent.command()
@click.option("--listen", default=f"0.0.0.0:{HUB_PORT}", show_default=True, metavar="HOST:PORT")
@click.option(
    "--name", "names", multiple=True, help="DNS name or address by which agents dial; may be repeated."
)
@click.option("--cert", type=_EXISTING, help="The hub's certificate, if a company's authority issued it.")
@click.option("--key", type=_EXISTING, help="Its private key, in PEM form.")
@click.option("--ca-file", type=_EXISTING, help="What agents' certificates are verified with, then.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when it serves.")
def hub(listen: str, names: tuple[str, ...], as_json: bool, **company: Path | None) -> None:
    """Let agents dial this machine, and pass on what runs here ask them, until stopped."""
    from orchestrator.cli.agent_serving import run_hub

    address = _address(listen, "--listen")
    files = _company_files(**company)
    _run_to_end(lambda: run_hub(_announcing(as_json), address, names, files), as_json)


def _company_files(cert: Path | None, key: Path | None, ca_file: Path | None) -> TlsFiles | None:
    if cert is None or key is None or ca_file is None:
        if cert or key or ca_file:
            raise click.UsageError("--cert, --key and --ca-file belong together.")
        return None
    return TlsFiles(cert, key, ca_file)


def _run_to_end(work: Any, as_json: bool) -> None:
    try:
        work()
    except OrchestratorError as error:
        click.echo(problem_document(error) if as_json else problem_text(error), err=not as_json)
        click.get_current_context().exit(int(exit_status_of(error)))


def _announcing(as_json: bool) -> Any:
    def announce(said: dict[str, Any]) -> None:
        text = json.dumps(said) if as_json else ", ".join(f"{key}: {value}" for key, value in said.items())
        click.echo(text)
        sys.stdout.flush()

    return announce


def _address(text: str, option: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"`{text}` is not of the form HOST:PORT.", param_hint=option)
    return host.removeprefix("[").removesuffix("]"), int(port)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise BadInput("input.usage", f"`{text}` is not of the form KEY=VALUE.", subject="--setting")
    return key, value
