"""A hundred runs at about the same time: does a window get longer because others are at work?"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from orchestrator.config.state_folder import StateFolder
from orchestrator.engine.admission import Admission
from orchestrator.engine.clock import SystemClock
from orchestrator.engine.run import CloneRun
from orchestrator.evidence import EvidenceChain
from orchestrator.journal.store import new_journal
from orchestrator.model.grades import RunStatus
from orchestrator.service.installation import settle_heap
from orchestrator.service.signing import SigningRecorder
from tests.benchmarks.figures import Row, percentile
from tests.benchmarks.lab import Announced, Rig, array_parts, fresh_names, lab_arrays, set_latency

RUNS = 100
SPREAD_S = 1.0
LATENCY_S = 0.15
BAR = 1.15


def measure(rounds: int) -> list[Row]:
    """Return the p99 window of many runs over that of a lone one, spread and as a burst."""
    with lab_arrays(RUNS, array_volumes=2) as announced, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(announced, StateFolder(Path(folder)), rounds))


async def _measure(announced: Sequence[Announced], folder: StateFolder, rounds: int) -> list[Row]:
    folder.prepare()
    async with array_parts(announced) as arrays:
        rigs = [
            await Rig.of(f"host-{number:03}", [one], [array])
            for number, (one, array) in enumerate(zip(announced, arrays, strict=True))
        ]
        await set_latency(announced, LATENCY_S)
        settle_heap()
        admission = Admission()
        await asyncio.gather(*(_window_ms(rig, folder, admission, 0) for rig in rigs[:4]))  # unmeasured
        alone = [await _window_ms(rig, folder, admission, 0) for rig in rigs[:rounds]]
        spread = await asyncio.gather(
            *(_window_ms(rig, folder, admission, number * SPREAD_S / RUNS) for number, rig in enumerate(rigs))
        )
        burst = await asyncio.gather(*(_window_ms(rig, folder, admission, 0) for rig in rigs))
    lone_ms = percentile(alone, 0.5)
    at = f"at {LATENCY_S * 1000:g} ms"
    detail = f"lone window {lone_ms:.1f} ms"
    return [
        Row(f"{what}, p99 / lone, {at}", percentile(windows, 0.99) / lone_ms, "x", bar, detail)
        for what, windows, bar in (
            (f"window of {RUNS} runs over 1 s", spread, BAR),
            (f"window of {RUNS} runs as a burst", burst, None),
        )
    ]


async def _window_ms(rig: Rig, folder: StateFolder, admission: Admission, after_s: float) -> float:
    """Make one run with a real journal and real signatures, and return its window."""
    await asyncio.sleep(after_s)
    names, job = fresh_names(), rig.job
    chain = EvidenceChain.of_job(folder.evidence, rig.host.name)
    recorder = SigningRecorder(chain, folder.keys, job.name, names, rig.host)
    with ExitStack() as stack:
        journal = await asyncio.to_thread(stack.enter_context, new_journal(folder.journals, names.stem))
        run = CloneRun(
            job, names, 1, rig.host, rig.arrays, {}, journal, recorder, SystemClock(), admission=admission
        )
        result = await run.perform()
    assert result.status is RunStatus.COMPLETED, result
    await rig.remove(names)
    return (result.window_s or 0.0) * 1000
