"""How much longer writers are frozen than the arrays' own answers take, and how far apart the arrays cut."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from orchestrator.engine.clock import SystemClock
from orchestrator.engine.result import RunResult
from orchestrator.engine.run import CloneRun
from orchestrator.journal.store import MemoryJournal
from orchestrator.model.grades import RunStatus
from tests.benchmarks.figures import Row, percentile
from tests.benchmarks.lab import Announced, Rig, array_parts, fresh_names, separate_lab_arrays, set_latency
from tests.orchestrator.engine.scene import MemoryRecorder

ARRAYS = (1, 4, 16)
LATENCIES_S = (0.0, 0.02, 0.15)
BARS = {0.0: None, 0.02: 1.25, 0.15: 1.10}
SKEW_BAR_MS = 50.0


def measure(rounds: int) -> list[Row]:
    """Return ratios for every number of arrays and latency, floor and window in turn."""
    rows: list[Row] = []
    skews_ms: list[float] = []
    for count in ARRAYS:
        with separate_lab_arrays(count) as announced:
            more, skew = asyncio.run(_measure(announced, rounds))
        rows += more
        skews_ms += skew
    detail = f"{len(skews_ms)} cuts over several arrays"
    return [*rows, Row("skew between arrays, p99", percentile(skews_ms, 0.99), "ms", SKEW_BAR_MS, detail)]


async def _measure(announced: Sequence[Announced], rounds: int) -> tuple[list[Row], list[float]]:
    rows: list[Row] = []
    skews_ms: list[float] = []
    async with array_parts(announced) as arrays, floor_script(announced) as floor:
        rig = await Rig.of("bench", announced, arrays)
        for latency_s in LATENCIES_S:
            await set_latency(announced, latency_s)
            await one_window(rig)  # once unmeasured: code paths and pools are warm afterwards
            floors, windows = [], []
            for _ in range(rounds):
                floors.append(await floor.round_ms())
                result = await one_window(rig)
                windows.append((result.window_s or 0.0) * 1000)
                skews_ms += [_skew_ms(result)] if len(announced) > 1 else []
            rows.append(_row(len(announced), latency_s, floors, windows))
    return rows, skews_ms


def _row(count: int, latency_s: float, floors: Sequence[float], windows: Sequence[float]) -> Row:
    detail = f"window {median(windows):.1f} ms, floor {median(floors):.1f} ms, {len(windows)} rounds"
    name = f"window / floor, {count} x 16 at {latency_s * 1000:g} ms"
    return Row(name, median(windows) / median(floors), "x", BARS[latency_s], detail)


async def one_window(rig: Rig) -> RunResult:
    """Make one run, remove what it made, and return how it ended."""
    names = fresh_names()
    run = CloneRun(
        rig.job, names, 1, rig.host, rig.arrays, {}, MemoryJournal(), MemoryRecorder(), SystemClock()
    )
    result = await run.perform()
    assert result.status is RunStatus.COMPLETED, result
    await rig.remove(names)
    return result


def _skew_ms(result: RunResult) -> float:
    assert result.facts is not None
    instants = [member.cut_at.timestamp() for cut in result.facts.cuts for member in cut.listed]
    return (max(instants) - min(instants)) * 1000


class Floor:
    """The floor script, running."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child

    async def say(self, line: str) -> str:
        """Send a line and return the answer."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(line.encode() + b"\n")
        await self._child.stdin.drain()
        return (await self._child.stdout.readline()).decode().strip()

    async def round_ms(self) -> float:
        """Measure one round."""
        return float(await self.say("go"))


@asynccontextmanager
async def floor_script(announced: Sequence[Announced]) -> AsyncIterator[Floor]:
    """Run the script against the same arrays."""
    pipe = asyncio.subprocess.PIPE
    script = str(Path(__file__).with_name("floor.py"))
    child = await asyncio.create_subprocess_exec(sys.executable, script, stdin=pipe, stdout=pipe)
    try:
        floor = Floor(child)
        await floor.say(json.dumps([dict(each) for each in announced]))
        yield floor
    finally:
        assert child.stdin is not None
        child.stdin.close()
        await child.wait()
