"""What an agent costs: freeze and thaw over the protocol against the same in process, and idle agents.

Everything runs in one process, over TLS on loopback.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import resource
import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from orchestrator.hosts.agent import dialing
from orchestrator.hosts.agent.admission import AdmittedAgent
from orchestrator.hosts.agent.dialing import Hub, serve_hub
from orchestrator.hosts.agent.paths import HEARTBEAT_S
from orchestrator.hosts.agent.tls import client_context, spare_memory
from orchestrator.plugin import HostCoordinator
from tests.benchmarks.figures import Row, percentile
from tests.orchestrator.hosts.agent.network import Network, until
from tests.orchestrator.hosts.agent.scripted_backend import ScriptedBackend, a_plan

BAR_MS: Final = 10.0
WINDOWS_A_ROUND: Final = 25  # so that a p99 is more than the worst of a dozen
IDLE: Final = 1000
AT_ONCE: Final = 20
FASTER: Final = 10.0  # heartbeats are measured at so many times their pace


def measure(rounds: int) -> list[Row]:
    """Return p99 of what the protocol adds, and what idle agents cost."""
    windows = rounds * WINDOWS_A_ROUND
    spare_memory()  # as the hub does
    with tempfile.TemporaryDirectory(prefix="qa-") as folder:
        network = Network(Path(folder))
        bare_ms = asyncio.run(_bare(windows))
        rows = []
        for way, text in (("listen", "dialled"), ("hub", "through the hub")):
            added = [each - percentile(bare_ms, 0.5) for each in asyncio.run(_windows(network, way, windows))]
            middle = f"median {percentile(added, 0.5):.2f} ms, {windows} windows"
            rows.append(
                Row(
                    f"agent, {text}: freeze + thaw over in-process, p99",
                    percentile(added, 0.99),
                    "ms",
                    BAR_MS,
                    middle,
                )
            )
    with tempfile.TemporaryDirectory(prefix="qa-") as folder:
        return rows + asyncio.run(_idle(Network(Path(folder))))


async def _bare(windows: int) -> list[float]:
    return await _timed(ScriptedBackend(), windows)


async def _windows(network: Network, way: str, windows: int) -> list[float]:
    async with network.joined(way) as host:
        return await _timed(host, windows, way)


async def _timed(host: HostCoordinator, windows: int, name: str = "bare") -> list[float]:
    taken_ms = []
    for number in range(windows):
        made = await host.open(a_plan(f"{name}-{number}", fence=number + 1))
        begun = time.perf_counter()
        await made.freeze(15.0)
        await made.thaw()
        taken_ms.append((time.perf_counter() - begun) * 1000)
        await made.complete(succeeded=True)
    return taken_ms


async def _idle(network: Network) -> list[Row]:
    """Connect a thousand agents that share a key pair's file but not a name, and let them be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(IDLE, (hard - 100) // 2) // AT_ONCE * AT_ONCE
    names = itertools.count()
    # Each connection is another agent. They share what they verify the hub with, as one process would.
    context = await asyncio.to_thread(client_context, network.agent_files, by_name=True)
    mock = pytest.MonkeyPatch()
    mock.setattr(
        network.pins, "admitted", lambda _: AdmittedAgent(f"agent-{next(names)}", "host", approved=True)
    )
    mock.setattr(dialing, "HEARTBEAT_S", HEARTBEAT_S / FASTER)
    mock.setattr(dialing, "client_context", lambda *_, **__: context)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(network.hub_running())
        hub = Hub(f"https://127.0.0.1:{network.port}", network.agent_files, "1")
        service = network.service()
        gc.collect()
        before = _resident_bytes()
        tasks: list[asyncio.Task[None]] = []
        for _ in range(0, count, AT_ONCE):
            tasks += [asyncio.create_task(serve_hub(hub, service)) for _ in range(AT_ONCE)]
            await until(partial(_are_connected, network, len(tasks)))
        gc.collect()
        each_kib = (_resident_bytes() - before) / count / 1024
        await asyncio.sleep(1)
        cpu, begun_s = time.process_time(), time.perf_counter()
        await asyncio.sleep(2 * HEARTBEAT_S / FASTER)
        part = (time.process_time() - cpu) / (time.perf_counter() - begun_s) / FASTER
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    mock.undo()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    detail = f"{count} agents, both ends"
    return [
        Row("agent, idle: memory of a connection", each_kib, "KiB", detail=detail),
        Row("agent, idle: processor for heartbeats", part * 100, "%", detail=f"{detail}, of one core"),
    ]


def _are_connected(network: Network, number: int) -> bool:
    return len(network.hub.connected) >= number


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()
