"""What the journeys are played on: two emulated arrays and an emulated Exchange server, each a process."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from orchestrator.hosts.emulated_exchange.coordinator import (
    EmulatedExchangeCoordinator,
    EmulatedExchangeSettings,
)
from orchestrator.lab.children import announcement, lab_child
from orchestrator.plugin import Fault, ProviderContext, Secret

LOGS: Final = "log-array"
DATABASES: Final = "database-array"
HOST: Final = "exch01"
PROXY: Final = "qsc-proxy"  # the arrays' host object for the machine that looks into clones
CUT: Final = "POST protection-group-snapshots"
DRY_RUN: Final = "POST protection-group-snapshots/test"
KEPT_BY_ARRAYS: Final = (
    "volumes",
    "volume-snapshots",
    "protection-groups",
    "protection-group-snapshots",
)
CHANGES_PER_S: Final = 300  # of each database: seen at once, and cheap
PATIENCE_S: Final = 20.0  # for what happens at once unless the machine is very busy

Inventory = Mapping[tuple[str, str, str], tuple[str, bool]]
"""Every object on the arrays, by array, resource and name: its id, and whether it is destroyed."""


def wait_until(happened: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
    """Look until it has happened; fail when it does not."""
    give_up_at = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.005)


class LabArray:
    """One emulated array, as its administrator and as the lab that controls it."""

    def __init__(self, announced: Mapping[str, Any]) -> None:
        self.announced = announced
        self.url: str = announced["url"]
        self.ca_file: str = announced["ca_file"]
        self.api_token: str = announced["credentials"]["api_token"]
        self.fabric = Path(announced["fabric"])
        self.volumes = {each["name"]: Path(each["path"]) for each in announced["volumes"]}
        self._tls = ssl.create_default_context(cafile=self.ca_file)

    def ask(
        self, method: str, resource: str, params: Mapping[str, str] | None = None, body: Any = None
    ) -> list[dict[str, Any]]:
        """Do what an administrator does, by the array's own API."""
        path = f"/api/2.26/{resource}?{urlencode(params or {})}"
        answer, _ = self._send(method, path, {"x-auth-token": self._session}, body)
        items: list[dict[str, Any]] = (answer or {}).get("items", [])
        return items

    def fault(self, name: str, call: str = CUT, *, position: int = 1, delay_s: float = 0.0) -> None:
        """Let the array misbehave."""
        self.control("POST", "faults", {"name": name, "call": call, "position": position, "delay_s": delay_s})

    def control(self, method: str, call: str, body: Any = None) -> Any:
        """Use the lab's own controls."""
        headers = {"X-Lab-Key": self.announced["control"]["key"]}
        return self._send(method, f"/_lab/{call}", headers, body)[0]

    def calls(self) -> list[dict[str, Any]]:
        """Return every call that reached the array, in order."""
        calls: list[dict[str, Any]] = self.control("GET", "calls")["calls"]
        return calls

    def count(self, call: str) -> int:
        """Return how often a call has reached the array."""
        return int(self.control("GET", "calls")["counts"].get(call, 0))

    def inventory(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """Return everything it keeps, by resource and name."""
        return {
            (resource, item["name"]): (item.get("id", ""), item["destroyed"])
            for resource in KEPT_BY_ARRAYS
            for item in self.ask("GET", resource)
        }

    @cached_property
    def _session(self) -> str:
        return self._send("POST", "/api/2.26/login", {"api-token": self.api_token})[1]["x-auth-token"]

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Any = None
    ) -> tuple[Any, Mapping[str, str]]:
        connection = http.client.HTTPSConnection(urlsplit(self.url).netloc, context=self._tls)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            text = answer.read().decode()
            assert answer.status == 200, f"{method} {path}: {answer.status} {text}"
            named = {name.lower(): value for name, value in answer.getheaders()}
            return json.loads(text) if text else None, named
        finally:
            connection.close()


class LabHost:
    """The emulated Exchange server, which can be killed and started again at the same address."""

    def __init__(self, stack: ExitStack, arrays: Mapping[str, LabArray]) -> None:
        self._stack = stack
        self._arrays = arrays
        self._start(port=0)

    def _start(self, port: int) -> None:
        options = ["--until-stdin-closes", "--json", "--name", HOST.upper(), "--port", str(port)]
        options += ["--changes-per-s", str(CHANGES_PER_S)]
        for array in self._arrays.values():
            options += ["--array-json", json.dumps(array.announced)]
        for name in ("DB01", "DB02"):
            options += ["--database", f"{name}={name.lower()}-db,{name.lower()}-log"]
        self._child: subprocess.Popen[str] = self._stack.enter_context(
            lab_child(["host", "emulated-exchange", *options])
        )
        said = announcement(self._child)
        self.url: str = said["url"]
        self.host_id: str = said["host_id"]
        self.token: str = said["credentials"]["token"]

    def kill(self) -> None:
        """End it as a power cut would."""
        self._child.kill()
        self._child.wait()

    def start_again(self) -> None:
        """Start it at the same address; its token is another one."""
        port = urlsplit(self.url).port
        assert port is not None
        self._start(port)

    def fault(self, name: str, *, position: int = 1, delay_s: float = 0.0) -> None:
        """Let the host misbehave."""
        asyncio.run(self._inject(Fault(name, position=position, delay_s=delay_s)))

    async def _inject(self, fault: Fault) -> None:
        context = ProviderContext(HOST, self.url, Secret(self.token))
        coordinator = EmulatedExchangeCoordinator(context, EmulatedExchangeSettings())
        try:
            await coordinator.connect()
            await coordinator.inject(fault)
        finally:
            await coordinator.close()


@dataclass(frozen=True)
class Lab:
    """The running parts."""

    arrays: Mapping[str, LabArray]
    host: LabHost

    def inventory(self) -> Inventory:
        """Return everything on both arrays."""
        return {
            (name, *key): found
            for name, array in self.arrays.items()
            for key, found in array.inventory().items()
        }

    def shown(self) -> list[str]:
        """Return the names of the devices that the arrays present to the machine that looks into clones."""
        folders = (array.fabric / PROXY for array in self.arrays.values())
        return sorted(link.name for folder in folders for link in folder.iterdir())

    def bytes(self) -> list[bytes]:
        """Return what stands on every array volume of the host."""
        return [path.read_bytes() for array in self.arrays.values() for path in array.volumes.values()]

    def writes(self, within_s: float = PATIENCE_S) -> bool:
        """Tell whether every array volume of the host changes."""
        before, give_up_at = self.bytes(), time.monotonic() + within_s
        while any(old == new for old, new in zip(before, self.bytes(), strict=True)):
            if time.monotonic() > give_up_at:
                return False
        return True

    def stands_still(self) -> bool:
        """Tell whether nothing changes for a moment, in which each database would change ten times."""
        before = self.bytes()
        time.sleep(0.03)
        return self.bytes() == before

    def cuts_asked(self) -> dict[str, int]:
        """Return how many cuts each array has been asked for."""
        return {name: array.count(CUT) for name, array in self.arrays.items()}

    def wait_for_cuts_after(self, asked: Mapping[str, int]) -> None:
        """Wait until every array has been asked for a cut once more: the window is open then."""
        wait_until(lambda: all(count > asked[name] for name, count in self.cuts_asked().items()))

    def behave(self) -> None:
        """Take back what tests have done to the arrays."""
        for array in self.arrays.values():
            array.control("DELETE", "faults")
            array.control("POST", "latency", {"latency_s": 0.0})


@contextmanager
def running_lab(folder: Path) -> Iterator[Lab]:
    """Start everything, and end it with the block."""
    with ExitStack() as stack:
        children = {
            name: stack.enter_context(lab_child(_array_options(name, role, folder)))
            for name, role in ((LOGS, "log"), (DATABASES, "db"))
        }
        arrays = {name: LabArray(announcement(child)) for name, child in children.items()}
        yield Lab(arrays, LabHost(stack, arrays))


def _array_options(name: str, role: str, folder: Path) -> list[str]:
    options = ["--until-stdin-ends", "--json", "--name", name, "--home", str(folder / name)]
    for database in ("db01", "db02"):
        options += ["--array-volume", f"{database}-{role}=4MiB"]
    return ["array", "pure-flasharray", "--host-object", PROXY, *options]
