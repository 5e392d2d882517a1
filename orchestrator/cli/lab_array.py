"""`quiesce lab array`: emulated arrays, served until stopped."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from orchestrator.cli.output import problem_document, problem_text
from orchestrator.errors import OrchestratorError, exit_status_of
from orchestrator.lab.arrays import serve_until
from orchestrator.lab.certificates import LabCertificates
from orchestrator.lab.emulators import array_emulator
from orchestrator.lab.stopping import stop_event
from orchestrator.plugin import ArrayEmulator, LabOptions
from orchestrator.registry.plugins import load_plugins

UNITS: Final = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _sizes(_ctx: click.Context, _param: click.Parameter, values: Sequence[str]) -> dict[str, int]:
    sizes = {}
    for value in values:
        match = re.fullmatch(r"([^=]+)=(\d+)(|KiB|MiB|GiB)", value)
        if match is None:
            raise click.BadParameter(f"{value!r} is not NAME=SIZE, like db=16MiB")
        sizes[match[1]] = int(match[2]) * UNITS[match[3]]
    return sizes


def _seconds(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|)", value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a time, like 0.15, 0.15s or 150ms")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


@click.command
@click.argument("kind")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the first array; 0: any free one.")
@click.option(
    "--latency",
    "latency_s",
    default="0",
    callback=_seconds,
    metavar="TIME",
    help="Per answer: 0.15 or 150ms.",
)
@click.option("--clock-skew", "clock_skew_s", default=0.0, help="The array's clock minus ours, in seconds.")
@click.option("--name", default="lab", show_default=True, help="What the array calls itself.")
@click.option(
    "--array-volume", "volumes", multiple=True, callback=_sizes, metavar="NAME=SIZE", help="One it has."
)
@click.option("--host-object", "hosts", multiple=True, metavar="NAME", help="One that it can present to.")
@click.option(
    "--home", type=click.Path(path_type=Path), help="An empty folder to keep; else a temporary one."
)
@click.option("--count", type=click.IntRange(1, 256), default=1, help="How many such arrays.")
@click.option("--until-stdin-ends", is_flag=True, help="Stop when standard input ends: with its parent.")
@click.option("--json", "as_json", is_flag=True, help="Say nothing but JSON, also of a problem.")
def array(
    kind: str,
    port: int,
    name: str,
    home: Path | None,
    count: int,
    until_stdin_ends: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Serve emulated arrays of a KIND until stopped.

    The first line on stdout (one per array) is JSON: url, ca_file and credentials to use the array with,
    where the bytes of its array volumes are, and the key to the lab's controls.
    """
    try:
        emulator = array_emulator(kind, load_plugins().providers)
    except OrchestratorError as error:
        click.echo(problem_document(error) if as_json else problem_text(error), err=not as_json)
        click.get_current_context().exit(int(exit_status_of(error)))
    names = [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
    with _empty_folder(home) as root:
        certificates = LabCertificates.make(root / "tls")
        try:
            emulators = [
                emulator(LabOptions(home=root / f"array-{number}", name=called, **options))
                for number, called in enumerate(names, start=1)
            ]
        except ValueError as error:
            hint = ["--array-volume", "--host-object"]
            raise click.BadParameter(str(error), param_hint=hint) from error
        try:
            asyncio.run(_serve(emulators, certificates, port, with_stdin=until_stdin_ends))
        except OSError as error:
            raise click.BadParameter(str(error), param_hint="--port") from error
    if not as_json:
        click.echo("Stopped.", err=True)


async def _serve(
    emulators: Sequence[ArrayEmulator], certificates: LabCertificates, port: int, *, with_stdin: bool
) -> None:
    stop = stop_event(with_stdin=with_stdin)
    await serve_until(stop, emulators, certificates, _announce, port)


def _announce(announcement: Mapping[str, Any]) -> None:
    click.echo(json.dumps(announcement))


@contextmanager
def _empty_folder(home: Path | None) -> Iterator[Path]:
    if home is None:
        with tempfile.TemporaryDirectory(prefix="quiesce-lab-") as temporary:
            yield Path(temporary)
    elif home.is_file() or (home.is_dir() and any(home.iterdir())):
        raise click.BadParameter(f"{home} is not an empty folder", param_hint="--home")
    else:
        yield home.absolute()
