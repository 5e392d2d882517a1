"""Runs in Windows' Python under Wine: our real requestor, relay and pipe, as a test's orders say.

`python wine_driver.py ORDERS.json` prints one JSON object a line. Standard library and shipping code alone.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[4]))  # Windows' embeddable Python looks nowhere by itself

from orchestrator.errors import OrchestratorError
from orchestrator.hosts.vss.com.windows import WindowsRuntime  # type: ignore[attr-defined] # Windows only
from orchestrator.hosts.vss.host import VssHost
from orchestrator.hosts.vss.provider.pipe_protocol import Method, Request
from orchestrator.hosts.vss.provider.pipe_server import PipeServer
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.model.budgets import Budgets

HOST_VOLUMES = {
    "\\\\?\\Volume{6b2a1a52-0000-4000-8000-000000000001}\\": ("E:\\",),
    "\\\\?\\Volume{6b2a1a52-0000-4000-8000-000000000002}\\": ("L:\\",),
}


class TwoVolumes:
    """A machine with two host volumes, of whose disks nothing is known."""

    def volumes(self) -> tuple[str, ...]:
        return tuple(HOST_VOLUMES)

    def mount_points(self, volume: str) -> tuple[str, ...]:
        return HOST_VOLUMES[volume]

    def disk_extents(self, volume: str) -> bytes:
        raise OSError("not there")

    def drive_layout(self, disk: int) -> bytes:
        raise OSError("not there")

    device_descriptor = device_ids = drive_layout


@dataclass(frozen=True)
class Plan:
    """What a `SetPlan` has; that one needs pydantic."""

    set_id: str
    context: int
    backup_type: int
    components: tuple[Any, ...]
    writers: tuple[Any, ...]
    host_volumes: tuple[str, ...]
    budgets: Budgets


class BadRelay(Relay):
    """An agent that falls silent at one method, or answers nonsense to it."""

    def __init__(self, how: str, method: Method) -> None:
        super().__init__()
        self._how = how
        self._method = method

    def answer(self, request: Request, connection: object) -> bytes:
        if request.method is not self._method:
            return super().answer(request, connection)
        if self._how == "silent":
            threading.Event().wait()
        return spoiled(self._how, bytearray(super().answer(request, connection)))

    def turn(self, how: str) -> None:
        """Be bad in another way from now on."""
        self._how = how


def spoiled(how: str, good: bytearray) -> bytes:
    """Return an answer with one thing wrong; the provider must see each."""
    match how:
        case "magic" | "method" | "reserved" | "sequence" | "set":
            good[{"magic": 0, "method": 4, "reserved": 6, "sequence": 8, "set": 16}[how]] ^= 1
        case "short":
            good[12:16] = struct.pack("<I", 2)
            del good[34:]
        case "long":
            good[12:16] = struct.pack("<I", len(good) - 32 + 4)
            good += bytes(4)
        case "huge":
            good[12:16] = struct.pack("<I", 0x7FFF_FFFF)
        case "code":
            good[12:16] = struct.pack("<I", 4)
            good[32:] = struct.pack("<I", 0x80004005)  # E_FAIL: never a provider's
        case "late dead man":
            good[36:44] = struct.pack("<Q", 1 << 62)
        case "long hold":
            good[44:48] = struct.pack("<I", 3_600_000)
        case _:
            raise ValueError(how)
    return bytes(good)


class TellingRelay(Relay):
    """Tells another process which set it is, and gives it time to be ready."""

    tell: Path

    def announce(self, set_id: UUID) -> None:
        super().announce(set_id)
        self.tell.write_text(str(set_id), encoding="ascii")
        wait_for(self.tell.with_suffix(".taken"))


def wait_for(path: Path) -> str:
    """Return what another process has written."""
    until_s = time.monotonic() + 20
    while not path.exists() or not (said := path.read_text(encoding="ascii")):
        assert time.monotonic() < until_s, path
        time.sleep(0.02)
    return said


def relay_of(orders: dict[str, Any]) -> Relay:
    if "requestor" in orders["do"]:
        return TellingRelay()
    if "bad" not in orders:
        return Relay()
    how, method = orders["bad"]
    return BadRelay(how, Method[method])


class Driver:
    """Does what is ordered, and tells how it went."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.orders = orders
        self.relay = relay_of(orders)
        self.host = VssHost(WindowsRuntime(), self.relay, TwoVolumes())
        self.set: Any = None

    def open(self) -> object:
        survey = self.host.survey()
        components = tuple(one for one in survey.components if one.selectable)
        owners = {one.instance_id for one in components}
        writers = tuple(one for one in survey.writers if one.instance_id in owners)
        budgets = Budgets(hold_s=self.orders.get("hold_s", 6.0))
        plan = Plan(
            str(UUID(int=1)),
            self.orders.get("context", 0x29),
            5,
            components,
            writers,
            tuple(HOST_VOLUMES),
            budgets,
        )
        self.set = self.host.open(plan)
        return len(components)

    def freeze(self) -> object:
        return repr(self.set.freeze(self.orders.get("dead_man_s", 10.0)))

    def thaw(self) -> object:
        report = self.set.thaw()
        return {"ended": report.hold_ended_by, "hold_s": report.hold_s, "status": report.set_status}

    def writer_status(self) -> object:
        return [
            [one.state.name, one.failure, len(one.component_failures)] for one in self.set.writer_status()
        ]

    def succeed(self) -> object:
        return repr(self.set.complete(succeeded=True))

    def abort(self) -> object:
        return self.set.abort()

    def veto(self) -> object:
        self.relay.veto()
        return None

    def wait(self) -> object:
        """Silence: nobody thaws."""
        time.sleep(self.orders.get("wait_s", 1.0))
        return None

    def every_bad_answer(self) -> object:
        """Try a set for each way in which an answer can be wrong; tell what VSS said of it."""
        told = {}
        for how in self.orders["ways"]:
            assert isinstance(self.relay, BadRelay)
            self.relay.turn(how)
            self.open()
            try:
                self.freeze()
                told[how] = "frozen"
            except OrchestratorError as error:
                told[how] = error.code
            told[how] += f" {self.set.thaw().set_status:#x}"
            self.set.abort()
        return told

    def agent(self) -> object:
        """Be the agent of a requestor in another process, whose set id lies in a file."""
        there = Path(self.orders["set_id_file"])
        self.relay.expect(UUID(wait_for(there)), self.orders["dead_man_s"])
        there.with_suffix(".taken").write_text("yes", encoding="ascii")
        return self.relay.wait_entered(10) is not None

    def requestor(self) -> object:
        """Be a requestor whose agent is another process."""
        there = Path(self.orders["set_id_file"])
        assert isinstance(self.relay, TellingRelay)
        self.relay.tell = there
        return self.open()


def main() -> None:
    orders = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    driver = Driver(orders)
    server = None
    if orders.get("serve", True):
        server = PipeServer(driver.relay)
        server.start()
    for what in orders["do"]:
        began = time.perf_counter()
        told: dict[str, object] = {"did": what}
        do: Callable[[], object] = getattr(driver, what)
        try:
            told["result"] = do()
        except OrchestratorError as error:
            told["error"] = error.code
            told["text"] = str(error)
        told["took_s"] = time.perf_counter() - began
        print(json.dumps(told), flush=True)
    calls = [[passed.method.name, passed.hresult] for passed in driver.relay.history]
    print(
        json.dumps(
            {"did": "end", "calls": calls, "ending": driver.relay.ending and driver.relay.ending.ended.name}
        ),
        flush=True,
    )
    if server is not None and orders.get("bad", [""])[0] != "silent":  # that one's threads never end
        server.stop()


if __name__ == "__main__":
    main()
