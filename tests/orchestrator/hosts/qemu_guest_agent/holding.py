"""A hold on an emulated agent, frozen and thawed as a watchdog does."""

from __future__ import annotations

import threading
import time

from orchestrator.hosts.qemu_guest_agent.hold import AgentHold
from orchestrator.hosts.watchdog.hold import HoldFailed
from tests.orchestrator.hosts.qemu_guest_agent.agents import Emulated
from tests.orchestrator.hosts.qemu_guest_agent.conftest import MakeHold

NEVER = threading.Event()
SYNC = "guest-sync-delimited"


def soon(seconds: float = 0.2) -> float:
    return time.monotonic() + seconds


def thawed(agent: Emulated) -> bool:
    return not any(agent.frozen(each) for each in agent.mount_points)


def frozen_hold(agent: Emulated, make_hold: MakeHold) -> AgentHold:
    hold = make_hold(agent)
    hold.flush(NEVER)
    assert hold.freeze(NEVER) == 2
    agent.agent.log.clear()
    return hold


def thaw_at_last(hold: AgentHold) -> int | None:
    """Try as a watchdog does."""
    until = time.monotonic() + 5
    while True:
        try:
            return hold.thaw()
        except HoldFailed:
            assert not hold.proven_thawed()
            assert time.monotonic() < until


def thawed_everywhere(agent: Emulated) -> bool:
    return not any(each.frozen for each in agent.guest.file_systems)
