"""Agents on unix sockets in short-named folders: a socket's path has 107 bytes at most."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.hosts.qemu_guest_agent.coordinator import GuestAgentCoordinator
from orchestrator.hosts.qemu_guest_agent.emulator.guest import GuestFileSystem, GuestWriter
from orchestrator.hosts.qemu_guest_agent.hold import AgentHold
from tests.orchestrator.hosts.qemu_guest_agent import agents
from tests.orchestrator.hosts.qemu_guest_agent.coordinating import coordinator_of

MakeHold = Callable[[agents.AgentUnderTest], AgentHold]


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="qsc-agent-") as folder:
        yield Path(folder)


@pytest.fixture
def emulated(home: Path) -> Iterator[agents.Emulated]:
    with agents.emulated(home) as agent:
        yield agent


@pytest.fixture
def real(home: Path) -> Iterator[agents.Real]:
    if lacking := agents.missing_for_real():
        pytest.skip(f"missing: {lacking}")
    with agents.real(home) as agent:
        yield agent


@pytest.fixture(params=["emulated", pytest.param("real", marks=pytest.mark.real)])
def either(request: pytest.FixtureRequest) -> agents.AgentUnderTest:
    """The emulated agent, then the real one: both have to pass."""
    agent: agents.AgentUnderTest = request.getfixturevalue(request.param)
    return agent


@pytest.fixture
def make_hold() -> Iterator[MakeHold]:
    """Make prepared holds whose waits are short."""
    made: list[AgentHold] = []

    def make(agent: agents.AgentUnderTest) -> AgentHold:
        hold = AgentHold(agent.path, agent.mount_points, freeze_s=1.0, thaw_s=0.4, call_s=1.0)
        made.append(hold)
        hold.prepare()
        return hold

    yield make
    for hold in made:
        hold.close()


@pytest.fixture
async def windows_guest(emulated: agents.Emulated, home: Path) -> AsyncIterator[GuestAgentCoordinator]:
    emulated.guest.windows = True
    emulated.guest.file_systems = [GuestFileSystem(r"\\?\Volume{1}" + "\\", ("D:\\",), "NTFS")]
    emulated.guest.writers = [GuestWriter("Microsoft Exchange Writer"), GuestWriter("System Writer")]
    coordinator = coordinator_of(emulated, home)
    await coordinator.connect()
    yield coordinator
    await coordinator.recover("s1", 7)
