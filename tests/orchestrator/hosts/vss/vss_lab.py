"""A host with the scripted VSS, on a clock that runs ahead whenever a COM thread pauses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.hosts.vss.host import VssHost
from orchestrator.hosts.vss.provider.relay import Relay
from orchestrator.hosts.vss.requestor.waiting import Pacing
from orchestrator.model.budgets import DEFAULT_BUDGETS, Budgets
from orchestrator.model.hosts import Component, WriterInstance
from tests.orchestrator.hosts.vss.fake_com import FakeRuntime
from tests.orchestrator.hosts.vss.fake_devices import FakeDevices, volume_name
from tests.orchestrator.hosts.vss.fake_vss import FakeVss, exchange, system

CLONE: Final = 0x40029  # persistent, with writers, transportable, plex


@dataclass(frozen=True)
class Plan:
    """A plan, as `orchestrator.plugin.SetPlan` is one, without its pydantic."""

    components: tuple[Component, ...]
    writers: tuple[WriterInstance, ...]
    host_volumes: tuple[str, ...]
    set_id: str = "set-1"
    fence: int = 1
    context: int = CLONE
    backup_type: int = 5
    budgets: Budgets = DEFAULT_BUDGETS
    session_s: float = 3600.0


@dataclass
class Lab:
    """One host and what it is made of."""

    now_s: float = 0.0
    runtime: FakeRuntime = field(default_factory=FakeRuntime)
    relay: Relay = field(default_factory=Relay)
    devices: FakeDevices = field(default_factory=FakeDevices)

    def __post_init__(self) -> None:
        self.exchange, self.system = exchange(), system()
        self.vss = FakeVss(self.runtime, self.relay, self.exchange, self.system)
        self.host = VssHost(self.runtime, self.relay, self.devices, Pacing(lambda: self.now_s, self.pause))

    def pause(self, duration_s: float) -> None:
        self.now_s += duration_s
        time.sleep(0.0002)  # lets the scripted VSS's own thread come in

    def skip(self, duration_s: float) -> None:
        """Pause without letting anybody else come in."""
        self.now_s += duration_s

    def plan(self, **others: Any) -> Plan:
        """Return a plan of the one database, as the survey tells of it."""
        survey = self.host.survey()
        self.runtime.calls.clear()
        self.vss.arguments.clear()
        selected = tuple(one for one in survey.components if one.selectable)
        owners = tuple(one for one in survey.writers if one.instance_id == selected[0].instance_id)
        names = (volume_name("E"), volume_name("F"))
        return Plan(**{"components": selected, "writers": owners, "host_volumes": names, **others})

    def until_called(self, call: str) -> None:
        """Wait until VSS has heard a call."""
        until = time.monotonic() + 5
        while call not in self.runtime.calls:
            assert time.monotonic() < until, f"{call} was never called"
            time.sleep(0.001)

    def no_leak(self) -> None:
        """Nothing is held any more: no object, no string, no thread in COM."""
        until = time.monotonic() + 5
        while self.runtime.leaks and time.monotonic() < until:
            time.sleep(0.001)  # a thread of COM's ends a moment after its last answer
        assert self.runtime.leaks == []
