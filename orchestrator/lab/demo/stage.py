"""Two arrays and one Exchange server, emulated, running and registered in a state folder of their own."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from orchestrator import logs
from orchestrator.config.state_folder import StateFolder
from orchestrator.lab.children import announcement, lab_child
from orchestrator.lab.demo.agent import register_through_agent
from orchestrator.registry.endpoints import RegisteredArray
from orchestrator.registry.probe import probe_array
from orchestrator.service.installation import Installation

LOG_ARRAY: Final = "log-array"
DATABASE_ARRAY: Final = "database-array"
HOST: Final = "exch01"
DATABASES: Final = ("DB01", "DB02")
PROXY: Final = "qsc-proxy"  # the arrays' host object for this machine, which looks into clones
ARRAY_VOLUME_SIZE: Final = "4MiB"
# An emulated array executes a request at once or never: there is no need to doubt for longer.
REQUEST_LIFE_S: Final = "5"


@dataclass(frozen=True, slots=True)
class Stage:
    """The running parts.

    Attributes:
        installation: in which they are registered.
        arrays: what each array announced, by registered name.
    """

    installation: Installation
    arrays: Mapping[str, Mapping[str, Any]]

    def control(self, array: str, method: str, call: str, body: Mapping[str, Any] | None = None) -> Any:
        """Use the lab's own control of an array. Blocks."""
        return asyncio.run(ask_control(self.arrays[array], method, call, body))

    def replica_paths(self, array: str) -> dict[str, Path]:
        """Return the files that hold the bytes of replicas and clones, by their names on the array."""
        listed = self.control(array, "GET", "replicas")
        return {name: Path(path) for name, path in listed.items()}


async def ask_control(
    announced: Mapping[str, Any], method: str, call: str, body: Mapping[str, Any] | None = None
) -> Any:
    """Send one request to an array's lab control."""
    context = await asyncio.to_thread(ssl.create_default_context, cafile=announced["ca_file"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        return await send_control(session, announced, method, call, body)


async def send_control(
    session: aiohttp.ClientSession,
    announced: Mapping[str, Any],
    method: str,
    call: str,
    body: Mapping[str, Any] | None = None,
) -> Any:
    """Send one request to an array's lab control on an open session."""
    url, headers = f"{announced['control']['url']}/{call}", {"X-Lab-Key": announced["control"]["key"]}
    async with session.request(method, url, headers=headers, json=body) as response:
        response.raise_for_status()
        return await response.json()


@contextmanager
def staged(home: Path) -> Iterator[Stage]:
    """Start the parts, register them, and end them with the block."""
    installation = Installation(StateFolder(home), logs.set_up())
    installation.folder.prepare()
    with ExitStack() as stack:
        names = {LOG_ARRAY: "log", DATABASE_ARRAY: "db"}
        children = {
            name: stack.enter_context(lab_child(_array_arguments(name, role, home / "lab" / name)))
            for name, role in names.items()
        }
        arrays = {name: announcement(child) for name, child in children.items()}
        host = announcement(stack.enter_context(lab_child(_host_arguments(arrays, home))))
        for name, announced in arrays.items():
            _register_array(installation, name, announced)
        secret_ref = _keep_secret(installation, HOST, host["credentials"]["token"])
        register_through_agent(stack, installation, HOST, host, secret_ref)
        yield Stage(installation, arrays)


def _array_arguments(name: str, role: str, home: Path) -> list[str]:
    options = ["--until-stdin-ends", "--json", "--name", name, "--home", str(home), "--host-object", PROXY]
    for database in DATABASES:
        options += ["--array-volume", f"{database.lower()}-{role}={ARRAY_VOLUME_SIZE}"]
    return ["array", "pure-flasharray", *options]


def _host_arguments(arrays: Mapping[str, Mapping[str, Any]], home: Path) -> list[str]:
    options = ["--until-stdin-ends", "--json", "--name", HOST.upper()]
    for name, announced in arrays.items():
        path = home / "lab" / f"{name}.json"
        path.write_text(json.dumps(announced), encoding="ascii")
        options += ["--array-json", str(path)]
    for database in DATABASES:
        options += ["--database", f"{database}={database.lower()}-db,{database.lower()}-log"]
    return ["host", "emulated-exchange", *options]


def _register_array(installation: Installation, name: str, announced: Mapping[str, Any]) -> None:
    draft = RegisteredArray(
        name=name,
        kind=announced["kind"],
        url=announced["url"],
        secret_ref=_keep_secret(installation, name, announced["credentials"]["api_token"]),
        ca_file=announced["ca_file"],
        settings={
            "request_life_s": REQUEST_LIFE_S,
            "present_to": PROXY,
            "device_folder": str(Path(announced["fabric"], PROXY)),
        },
        array_id="",
        array_name="",
        added_at=datetime.now(UTC),
    )
    met = asyncio.run(probe_array(name, installation.connections.provider(draft))).identity
    installation.arrays.add(replace(draft, array_id=met.array_id, array_name=met.name))


def _keep_secret(installation: Installation, name: str, secret: str) -> str:
    path = installation.folder.root / "lab" / f"{name}.secret"
    path.touch(mode=0o600)
    path.write_text(secret, encoding="ascii")
    return f"file:{path}"
