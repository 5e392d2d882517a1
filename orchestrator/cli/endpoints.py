"""What `quiesce array` and `quiesce host` have in common: how an endpoint is given and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from orchestrator.cli.output import columns, local_time, rfc3339
from orchestrator.model.time import ClockOffset
from orchestrator.registry.endpoints import Endpoint, RegisteredArray, RegisteredHost
from orchestrator.registry.secret_reference import SecretReference

P = ParamSpec("P")
R = TypeVar("R")


def endpoint_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add NAME and the options that `endpoint_of` takes."""
    for option in (
        click.option(
            "--setting",
            "settings",
            multiple=True,
            metavar="KEY=VALUE",
            help="A setting of its kind; repeatable.",
        ),
        click.option(
            "--ca-file",
            type=click.Path(path_type=Path),
            help="PEM file to verify the certificate with; the system's CAs when left out.",
        ),
        click.option(
            "--secret",
            metavar="REF",
            help="The secret: env:NAME or file:PATH. Kinds on this machine itself need none.",
        ),
        click.option("--url", required=True, help="Address, for example https://array.example."),
        click.option("--kind", required=True, help="See `quiesce plugins` for the kinds."),
        click.argument("name"),
    ):
        command = option(command)
    return command


def endpoint_of(
    name: str, *, kind: str, url: str, secret: str | None, ca_file: Path | None, settings: Iterable[str]
) -> Endpoint:
    """Return what the user gave.

    Raises:
        BadInput: the secret is no reference.
    """
    return Endpoint(
        name=name,
        kind=kind,
        url=url,
        secret_ref="" if secret is None else str(SecretReference.parse(secret)),
        ca_file=None if ca_file is None else str(ca_file.absolute()),
        settings=_settings(settings),
    )


def _settings(pairs: Iterable[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise click.BadParameter(f"`{key}` lacks a value; write KEY=VALUE.", param_hint="--setting")
        if key in settings:
            raise click.BadParameter(f"`{key}` is given twice.", param_hint="--setting")
        settings[key] = value
    return settings


def endpoint_result(endpoint: RegisteredArray | RegisteredHost) -> dict[str, Any]:
    """Return a registered endpoint as data. It holds a reference to a secret, never one."""
    return asdict(endpoint) | {"added_at": rfc3339(endpoint.added_at)}


def endpoint_text(endpoint: RegisteredArray | RegisteredHost) -> str:
    """Return all that is registered of an endpoint, for people."""
    result = asdict(endpoint) | {"added_at": local_time(endpoint.added_at)}
    settings = ", ".join(f"{key}={value}" for key, value in endpoint.settings.items())
    result |= {"settings": settings or "none", "ca_file": endpoint.ca_file or "the system's CAs"}
    result |= {"secret_ref": endpoint.secret_ref or "none"}
    return columns([(key.replace("_", " ") + ":", str(value)) for key, value in result.items()])


def clock_text(clock: ClockOffset) -> str:
    """Return a clock's offset from ours, for people."""
    return f"{clock.offset_s * 1000:+.0f} ms against ours, give or take {clock.error_s * 1000:.0f} ms"
