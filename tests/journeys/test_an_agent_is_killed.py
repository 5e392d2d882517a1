"""An agent is enrolled, serves through the hub, and is killed where it hurts: processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.agent.coordinator import AgentCoordinator, AgentSettings
from orchestrator.hosts.emulated_exchange.emulator.server import ExchangeServer
from orchestrator.lab.host import serve_host
from orchestrator.model.hosts import HoldEnd
from orchestrator.plugin import HostSet, ProviderContext, Secret
from tests.orchestrator.hosts.emulated_exchange.exchange_lab import Disks, changes, plan_for

pytestmark = [pytest.mark.journey, pytest.mark.timeout(60)]

PATIENCE_S: Final = 30.0


class Site:
    """A hub and an enrolled agent whose backend is an emulated host of this process."""

    def __init__(self, stack: ExitStack, folder: Path, url: str, token: str) -> None:
        self._stack = stack
        self._folder = folder
        self._backend = (url, token)
        self.hub = self._start("agent", "hub", "--listen", "127.0.0.1:0", "--name", "127.0.0.1")
        hub_url = f"https://127.0.0.1:{self.hub.said['port']}"
        made = self._run("host", "enrol-token", "create", "--hub", hub_url, "--match", "*", "--approve")
        token_text = made["result"]["enrolment"]
        enrolled = self._run(
            *("agent", "enrol", token_text, "--name", "exch01.corp", "--backend", "emulated-exchange"),
            *("--state", str(folder / "agent")),
        )
        self.agent_id = enrolled["result"]["agent"]
        self.agent = self.start_agent()

    def start_agent(self) -> Process:
        url, _ = self._backend
        self.agent = self._start(
            *("agent", "run", "--backend-url", url, "--secret", "env:BACKEND_TOKEN"),
            *("--state", str(self._folder / "agent")),
        )
        return self.agent

    def coordinator(self) -> AgentCoordinator:
        context = ProviderContext("exch01", f"agent:{self.agent_id}", Secret(""))
        socket = Path(self.hub.said["socket"])
        return AgentCoordinator(context, AgentSettings(hub_socket=socket))

    def _start(self, *arguments: str) -> Process:
        return self._stack.enter_context(running([*arguments, "--json"], self._environment()))

    def _run(self, *arguments: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "orchestrator", *arguments, "--json"]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, check=False)
        document: dict[str, Any] = json.loads(done.stdout)
        assert document["ok"], document
        return document

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("QUIESCE_")}
        return {**inherited, "QUIESCE_HOME": str(self._folder / "home"), "BACKEND_TOKEN": self._backend[1]}


class Process:
    """One of ours, and what it said first."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.said: dict[str, Any] = json.loads(process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        assert self.process.wait() == -signal.SIGKILL


@contextmanager
def running(arguments: list[str], environment: Mapping[str, str]) -> Iterator[Process]:
    command = [sys.executable, "-m", "orchestrator", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


@pytest.fixture
def disks(tmp_path: Path) -> Disks:
    return Disks(tmp_path)


@pytest.fixture
def server(disks: Disks) -> ExchangeServer:
    return ExchangeServer(disks.options())


@pytest.fixture
async def site(tmp_path: Path, server: ExchangeServer) -> AsyncIterator[Site]:
    with ExitStack() as stack:
        async with serve_host("emulated-exchange", server) as announced:
            yield await asyncio.to_thread(Site, stack, tmp_path, announced["url"], server.token)
            await asyncio.to_thread(stack.close)


async def opened(host: AgentCoordinator, set_id: str, fence: int) -> HostSet:
    until_s = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        try:
            await host.connect()
            return await host.open(plan_for(await host.survey(), set_id=set_id, fence=fence))
        except HostError as error:
            waits = error.code in {"host.unreachable", "host.gone"}
            if not waits or asyncio.get_running_loop().time() > until_s:
                raise
        await asyncio.sleep(0.05)


async def test_a_session_ends_with_its_agent_and_the_next_one_works(site: Site, disks: Disks) -> None:
    host = site.coordinator()
    made = await opened(host, "set-1", 7)
    await made.freeze(15.0)
    assert not await changes(disks, 0.02)
    assert (await made.thaw()).hold_ended_by is HoldEnd.RELEASE

    await asyncio.to_thread(site.agent.kill)
    await asyncio.to_thread(site.start_agent)

    again = await opened(host, "set-2", 8)
    for lost in (made.complete(succeeded=True), host.resume("set-1", 7)):
        with pytest.raises(HostError) as caught:
            await lost
        assert caught.value.code == "host.session-lost"
    await again.freeze(15.0)
    await again.thaw()
    assert (await again.complete(succeeded=True)).writers
    await host.close()


async def test_what_a_killed_agent_left_frozen_is_thawed_by_the_next_one(site: Site, disks: Disks) -> None:
    host = site.coordinator()
    made = await opened(host, "set-1", 7)
    await made.freeze(15.0)
    await asyncio.to_thread(site.agent.kill)
    assert not await changes(disks, 0.02)

    await asyncio.to_thread(site.start_agent)

    assert await changes(disks, 5.0)
    with pytest.raises(HostError) as caught:
        await made.thaw()
    assert caught.value.code == "host.session-lost"
    await host.close()
