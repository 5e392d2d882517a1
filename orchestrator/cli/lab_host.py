"""`quiesce lab host`: serve an emulated host."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from orchestrator.cli.output import problem_document, problem_text
from orchestrator.errors import BadInput, OrchestratorError, exit_status_of


@click.command("host")
@click.argument("kind")
@click.option(
    "--array-json",
    "arrays",
    multiple=True,
    metavar="FILE|JSON",
    help="What `quiesce lab array --json` printed, of one array or several. May be repeated.",
)
@click.option(
    "--database",
    "places",
    multiple=True,
    metavar="NAME=VOLUME,LOGS",
    help="A database, its array volume and that of its logs. Left out: guessed from the volumes' names.",
)
@click.option(
    "--volumes",
    metavar="FILE|JSON",
    help="A list of host volumes instead: mount_point, role, lun_id, databases, path, lock…",
)
@click.option("--name", help="Name of the server.")
@click.option(
    "--exchange", help="Whose files it has: 2003, 2007, 2010 or 2016.  [default: 2016: 32 KiB pages]"
)
@click.option("--changes-per-s", type=float, help="How quickly each database changes, at the most.")
@click.option("--changes-per-log", type=int, help="After so many, the next log begins.  [default: 1]")
@click.option(
    "--clock-skew", "clock_skew_s", type=float, help="The host's wall clock minus the machine's, in seconds."
)
@click.option(
    "--fault", "faults", multiple=True, metavar="NAME[:DELAY_S]", help="Misbehave, at the next occasion."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="any")
@click.option(
    "--until-stdin-ends",
    "--until-stdin-closes",
    "until_stdin_ends",
    is_flag=True,
    help="Stop when standard input ends: with its parent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when it can be reached.")
def host(
    kind: str,
    arrays: tuple[str, ...],
    places: tuple[str, ...],
    volumes: str | None,
    faults: tuple[str, ...],
    port: int,
    until_stdin_ends: bool,
    as_json: bool,
    **plain: str | float | None,
) -> None:
    """Serve an emulated host until it is stopped.

    KIND is emulated-exchange: mailbox databases that change without pause, and a VSS that freezes them. Their
    array volumes are formatted with NTFS, and hold databases and logs as the chosen Exchange writes them; 4
    MiB each suffice for two.

    The fault `rot` turns a page of the first database bad on its array volume before the next set is
    prepared, and it stays so. A name that is not known is answered with all that are.
    """
    from orchestrator.lab.host import host_emulator, serve_until_stopped

    def announce(announcement: Mapping[str, Any]) -> None:
        click.echo(json.dumps(announcement) if as_json else _text(announcement))
        sys.stdout.flush()

    try:
        settings: dict[str, Any] = {key: value for key, value in plain.items() if value is not None}
        settings["faults"] = [_fault(text) for text in faults]
        if volumes is None:
            settings["arrays"] = [array for text in arrays for array in _read_json(text)]
            settings["places"] = dict(_place(text) for text in places)
        else:
            settings["volumes"] = _read_json(volumes)[0]
        emulator = host_emulator(kind, settings)
        lifeline = sys.stdin if until_stdin_ends else None
        asyncio.run(serve_until_stopped(kind, emulator, announce, port=port, lifeline=lifeline))
    except OrchestratorError as error:
        click.echo(problem_document(error) if as_json else problem_text(error), err=not as_json)
        click.get_current_context().exit(int(exit_status_of(error)))


def _read_json(text: str) -> list[Any]:
    """Read the documents given inline or in a file, one after the other; at least one."""
    inline = text.lstrip()[:1] in ("{", "[")
    documents: list[Any] = []
    try:
        rest = (text if inline else Path(text).read_text(encoding="utf-8")).strip()
        while rest or not documents:
            document, end = json.JSONDecoder().raw_decode(rest)
            documents.append(document)
            rest = rest[end:].lstrip()
    except (OSError, ValueError) as error:
        subject = "inline JSON" if inline else text  # what stands inline may contain credentials
        raise BadInput("input.bad-settings", f"not a JSON document: {error}", subject=subject) from None
    return documents


def _place(text: str) -> tuple[str, list[str]]:
    name, _, volumes = text.partition("=")
    if not name or volumes.count(",") != 1:
        raise BadInput("input.bad-settings", "not of the form NAME=VOLUME,LOGS", subject=text)
    return name, volumes.split(",")


def _fault(text: str) -> dict[str, Any]:
    name, _, delay_s = text.partition(":")
    return {"name": name, "delay_s": delay_s or 0.0}


def _text(announcement: Mapping[str, Any]) -> str:
    databases = ", ".join(database["name"] for database in announcement["databases"])
    return (
        f"{announcement['kind']} {announcement['name']} at {announcement['url']}, pid {announcement['pid']}\n"
        f"  databases: {databases}\n"
        f"  token: {announcement['credentials']['token']}"
    )
