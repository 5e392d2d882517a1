"""`quiesce array`: register and test arrays."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from orchestrator.cli.endpoints import (
    clock_text,
    endpoint_of,
    endpoint_options,
    endpoint_result,
    endpoint_text,
)
from orchestrator.cli.installation import open_installation
from orchestrator.cli.output import Answer, answers, columns
from orchestrator.errors import ArrayError, ExitStatus
from orchestrator.registry.endpoints import RegisteredArray
from orchestrator.registry.probe import ArrayProbe, probe_array


@click.group()
def array() -> None:
    """Register and test arrays."""


@array.command()
@endpoint_options
@answers("quiesce.array/1")
def add(
    name: str, kind: str, url: str, secret: str | None, ca_file: Path | None, settings: tuple[str, ...]
) -> Answer:
    """Register an array as NAME. It must answer; nothing is stored when it does not."""
    endpoint = endpoint_of(name, kind=kind, url=url, secret=secret, ca_file=ca_file, settings=settings)
    installation = open_installation()
    installation.arrays.check_name(name)
    probe = asyncio.run(probe_array(name, installation.connections.provider(endpoint)))
    registered = RegisteredArray(
        **asdict(endpoint),
        array_id=probe.identity.array_id,
        array_name=probe.identity.name,
        added_at=datetime.now(UTC),
    )
    installation.arrays.add(registered)
    return Answer(
        {**endpoint_result(registered), **_probe_result(probe)}, f"Registered.\n{_probe_text(name, probe)}"
    )


@array.command()
@click.argument("name")
@answers("quiesce.array-test/1")
def test(name: str) -> Answer:
    """Connect to the array NAME: identity, rights that are missing, clock, round trip. Changes nothing.

    Exit status 8 says that the account lacks a right.
    """
    installation = open_installation()
    registered = installation.arrays.get(name)
    probe = asyncio.run(probe_array(name, installation.connections.provider(registered)))
    if probe.identity.array_id != registered.array_id:
        what = f"The array {probe.identity.name} answers, which is not the one that was registered."
        raise ArrayError("array.other-identity", what, subject=name)
    status = ExitStatus.NEEDS_ATTENTION if probe.missing_rights else ExitStatus.OK
    return Answer({"name": name, **_probe_result(probe)}, _probe_text(name, probe), status)


@array.command("list")
@answers("quiesce.arrays/1")
def list_() -> Answer:
    """List the registered arrays."""
    known = open_installation().arrays.list()
    rows = [("NAME", "KIND", "URL", "ARRAY")]
    rows += [(each.name, each.kind, each.url, each.array_name) for each in known]
    text = columns(rows) if known else "No array is registered. Add one with `quiesce array add`."
    return Answer({"arrays": [endpoint_result(each) for each in known]}, text)


@array.command()
@click.argument("name")
@answers("quiesce.array/1")
def show(name: str) -> Answer:
    """Show what is registered of the array NAME, without connecting to it."""
    registered = open_installation().arrays.get(name)
    return Answer(endpoint_result(registered), endpoint_text(registered))


@array.command()
@click.argument("name")
@answers("quiesce.array-removed/1")
def remove(name: str) -> Answer:
    """Forget the array NAME. Nothing changes on the array itself."""
    open_installation().arrays.remove(name)
    return Answer({"removed": name}, f"Removed {name}.")


def _probe_result(probe: ArrayProbe) -> dict[str, object]:
    return asdict(probe)


def _probe_text(name: str, probe: ArrayProbe) -> str:
    identity = probe.identity
    rows = [
        ("array:", name),
        ("identity:", f"{identity.name}, {identity.product} {identity.version}, id {identity.array_id}"),
        ("emulated:", "yes" if identity.emulated else "no"),
        ("rights missing:", ", ".join(probe.missing_rights) or "none"),
        ("clock:", clock_text(probe.clock)),
        ("round trip:", f"{probe.round_trip_s * 1000:.1f} ms (median)"),
    ]
    return columns(rows)
