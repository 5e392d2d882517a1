"""How much longer real file systems stay frozen than the bare calls that freeze, clone and thaw them take.

The window is counted from our request to freeze, so it holds our flush, while the bare calls flush before
they begin to count. How long writers stood still, at the most, stands beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from orchestrator.engine.result import RunResult
from orchestrator.lab.real.guest_agent import guest_agent
from orchestrator.lab.real.namespace import leave_common_mounts
from orchestrator.plugin import HostCoordinator
from tests.benchmarks.figures import Row
from tests.benchmarks.lab import memory_folder
from tests.benchmarks.real_lab import (
    RealLab,
    fsfreeze_host,
    guest_agent_host,
    real_lab,
    real_rig,
    syncing_writer,
)
from tests.benchmarks.window_over_floor import Floor, one_window

COUNTS = (1, 4, 8)
ROUNDS = 30
BAR = 1.25


def measure(rounds: int) -> list[Row]:
    """Return ratios for every host, number of file systems and load, floor and window in turn."""
    if os.geteuid() != 0:
        return []
    leave_common_mounts()  # a guest agent would thaw whatever it sees frozen
    rounds = max(rounds, ROUNDS)
    rows: list[Row] = []
    with memory_folder() as home, real_lab(home, max(COUNTS)) as lab:
        for count in COUNTS:
            part = lab.first(count)
            for load in ("idle", "syncing"):
                with ExitStack() as stack:
                    if load == "syncing":
                        stack.enter_context(syncing_writer(part))
                    host = fsfreeze_host(part)
                    rows.append(asyncio.run(_measure(f"fsfreeze, {count} {load}", part, host, {}, rounds)))
                    host, agent = stack.enter_context(_guest(part))
                    rows.append(asyncio.run(_measure(f"qemu-ga, {count} {load}", part, host, agent, rounds)))
    return rows


@contextmanager
def _guest(lab: RealLab) -> Iterator[tuple[HostCoordinator, dict[str, str]]]:
    with guest_agent(lab.home / "agent") as agent:
        yield guest_agent_host(lab, agent.url), {"socket": str(agent.socket)}


async def _measure(name: str, lab: RealLab, host: HostCoordinator, agent: dict[str, str], rounds: int) -> Row:
    floors, frozen, windows = [], [], []
    wanted = {"mount_points": lab.mount_points, "files": [str(each.image) for each in lab.file_systems]}
    async with bare_calls({**wanted, **agent}) as floor:
        for number in range(rounds + 1):
            bare_ms = await floor.round_ms()
            # Connected for each round: a guest agent serves one client at a time.
            async with real_rig(lab, host) as rig:
                result = await one_window(rig)
            if number:  # the first one only warms up
                floors.append(bare_ms)
                frozen.append(_frozen_ms(result))
                windows.append((result.window_s or 0.0) * 1000)
    detail = (
        f"window {median(windows):.1f} ms, frozen {median(frozen):.1f} ms, "
        f"bare calls {median(floors):.1f} ms, {rounds} rounds"
    )
    return Row(f"real window / bare calls, {name}", median(windows) / median(floors), "x", BAR, detail)


def _frozen_ms(result: RunResult) -> float:
    facts = result.facts
    assert facts is not None
    assert facts.freeze is not None
    assert facts.release_seen is not None
    # The watchdog is a process of this machine: its monotonic clock is ours.
    return (facts.release_seen.monotonic_s - facts.freeze.frozen_at.monotonic_s) * 1000


@asynccontextmanager
async def bare_calls(wanted: dict[str, Any]) -> AsyncIterator[Floor]:
    """Run the script of bare calls."""
    pipe = asyncio.subprocess.PIPE
    script = str(Path(__file__).with_name("bare_calls.py"))
    child = await asyncio.create_subprocess_exec(sys.executable, script, stdin=pipe, stdout=pipe)
    try:
        floor = Floor(child)
        await floor.say(json.dumps(wanted))
        yield floor
    finally:
        assert child.stdin is not None
        child.stdin.close()
        await child.wait()
