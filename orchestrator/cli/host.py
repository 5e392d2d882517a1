"""`quiesce host`: register and test hosts, and show what can be cloned."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.endpoints import (
    clock_text,
    endpoint_of,
    endpoint_options,
    endpoint_result,
)
from orchestrator.cli.host_checks import checks_text
from orchestrator.cli.host_enrol import ENROLMENT_COMMANDS
from orchestrator.cli.host_tree import tree_result, tree_text
from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers, columns
from orchestrator.errors import ExitStatus, HostError
from orchestrator.policy.reasons import raise_refusal
from orchestrator.policy.supported_hosts import check_host
from orchestrator.registry.agents import Agents
from orchestrator.registry.endpoints import RegisteredHost
from orchestrator.registry.probe import HostProbe, probe_host
from orchestrator.service.agent_check import known_agent
from orchestrator.service.host_examination import claims_of, examine_host
from orchestrator.service.installation import Installation


@click.group()
def host() -> None:
    """Register and test hosts."""


for _command in ENROLMENT_COMMANDS:
    host.add_command(_command)


@host.command()
@endpoint_options
@answers("quiesce.host/1")
def add(
    name: str, kind: str, url: str, secret: str | None, ca_file: Path | None, settings: tuple[str, ...]
) -> Answer:
    """Register a host as NAME. It must answer; nothing is stored when it does not."""
    endpoint = endpoint_of(name, kind=kind, url=url, secret=secret, ca_file=ca_file, settings=settings)
    installation = open_installation()
    installation.hosts.check_name(name)
    probe = asyncio.run(probe_host(name, installation.connections.host(endpoint)))
    raise_refusal(check_host(kind, name, probe.identity.product))
    registered = RegisteredHost(
        **asdict(endpoint),
        host_id=probe.identity.host_id,
        host_name=probe.identity.name,
        added_at=datetime.now(UTC),
    )
    installation.hosts.add(registered)
    return Answer(
        {**endpoint_result(registered), **_probe_result(probe)}, f"Registered.\n{_probe_text(name, probe)}"
    )


@host.command()
@click.argument("name")
@answers("quiesce.host-test/1")
def test(name: str) -> Answer:
    """Examine the host NAME, and ask every array for its LUNs. Changes nothing.

    Each thing that is not good is shown with what to do next. Exit status 8 says that a run would fail.
    """
    installation = open_installation()
    registered = installation.hosts.get(name)
    agent = known_agent(Agents(installation.database), registered)
    arrays = installation.arrays.list()
    examined = asyncio.run(examine_host(installation.connections, registered, arrays, agent))
    probe = HostProbe(examined.identity, examined.survey, examined.clock)
    return Answer(
        {"name": name, **_probe_result(probe), "checks": [asdict(check) for check in examined.checks]},
        f"{_probe_text(name, probe)}\n\n{checks_text(examined.checks)}",
        ExitStatus.NEEDS_ATTENTION if examined.bad else ExitStatus.OK,
    )


@host.command("list")
@answers("quiesce.hosts/1")
def list_() -> Answer:
    """List the registered hosts."""
    known = open_installation().hosts.list()
    rows = [("NAME", "KIND", "URL", "HOST")]
    rows += [(each.name, each.kind, each.url, each.host_name) for each in known]
    text = columns(rows) if known else "No host is registered. Add one with `quiesce host add`."
    return Answer({"hosts": [endpoint_result(each) for each in known]}, text)


@host.command()
@click.argument("name")
@answers("quiesce.host-tree/1")
def show(name: str) -> Answer:
    """Show the host NAME as it is now: writers, components, host volumes, LUNs, arrays.

    Arrays that do not answer are named, and left out.
    """
    installation = open_installation()
    probe = _probe(installation, name)
    arrays = installation.arrays.list()
    claims, silent = asyncio.run(claims_of(installation.connections, arrays, probe.survey))
    told = [f"  array {array} was not asked: {error.what}" for array, error in silent.items()]
    head = f"{name} ({probe.identity.name}, {probe.identity.product})"
    return Answer(
        {
            "name": name,
            "identity": asdict(probe.identity),
            **tree_result(probe.survey, claims),
            "arrays_not_asked": {array: error.what for array, error in silent.items()},
        },
        "\n".join([head, tree_text(probe.survey, claims), *told]),
    )


@host.command()
@click.argument("name")
@answers("quiesce.host-removed/1")
def remove(name: str) -> Answer:
    """Forget the host NAME. Nothing changes on the host itself."""
    open_installation().hosts.remove(name)
    return Answer({"removed": name}, f"Removed {name}.")


def _probe(installation: Installation, name: str) -> HostProbe:
    registered = installation.hosts.get(name)
    probe = asyncio.run(probe_host(name, installation.connections.host(registered)))
    if probe.identity.host_id != registered.host_id:
        what = f"The host {probe.identity.name} answers, which is not the one that was registered."
        raise HostError("host.other-identity", what, subject=name)
    return probe


def _probe_result(probe: HostProbe) -> dict[str, Any]:
    survey = probe.survey
    return {
        "identity": asdict(probe.identity),
        "clock": asdict(probe.clock),
        "writers": len(survey.writers),
        "components": len(survey.components),
        "host_volumes": len(survey.host_volumes),
        "luns": len({lun for volume in survey.host_volumes for lun in volume.luns}),
    }


def _probe_text(name: str, probe: HostProbe) -> str:
    found = _probe_result(probe)
    identity = probe.identity
    rows = [
        ("host:", name),
        ("identity:", f"{identity.name}, {identity.product}, id {identity.host_id}"),
        ("emulated:", "yes" if identity.emulated else "no"),
        (
            "offers:",
            f"{found['writers']} writers, {found['components']} components, "
            f"{found['host_volumes']} host volumes, {found['luns']} LUNs",
        ),
        ("clock:", clock_text(probe.clock)),
    ]
    return columns(rows)
