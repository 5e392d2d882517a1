"""A hundred runs at about the same time: does a window get longer because others are at work?"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
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
BARS = {0.15: 1.15, 0.02: None}  # by the arrays' latency in seconds; the shorter the window, the more shows


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
        settle_heap()
        crowd = Crowd(rigs, folder, Admission())
        await crowd.windows_ms(0)  # once unmeasured: code paths and pools are warm afterwards
        rows: list[Row] = []
        for latency_s, bar in BARS.items():
            await set_latency(announced, latency_s)
            lone_ms = percentile([await crowd.window_ms(rig, 0) for rig in rigs[:rounds]], 0.5)
            for what, spread_s, limit in (("over 1 s", SPREAD_S, bar), ("as a burst", 0.0, None)):
                begun = asyncio.get_running_loop().time()
                p99_ms = percentile(await crowd.windows_ms(spread_s), 0.99)
                took_s = asyncio.get_running_loop().time() - begun
                name = f"window of {RUNS} runs {what}, p99 / lone, at {latency_s * 1000:g} ms"
                detail = f"lone window {lone_ms:.1f} ms; all done in {took_s:.0f} s"
                rows.append(Row(name, p99_ms / lone_ms, "x", limit, detail))
    return rows


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many hosts with an array each, and the admission that their runs share."""

    rigs: Sequence[Rig]
    folder: StateFolder
    admission: Admission

    async def windows_ms(self, spread_s: float) -> list[float]:
        """Make a run on every host, begun at even distances, and return all windows."""
        gap_s = spread_s / len(self.rigs)
        runs = (self.window_ms(rig, number * gap_s) for number, rig in enumerate(self.rigs))
        return await asyncio.gather(*runs)

    async def window_ms(self, rig: Rig, after_s: float) -> float:
        """Make one run with a real journal and real signatures, and return its window."""
        await asyncio.sleep(after_s)
        names, job = fresh_names(), rig.job
        chain = EvidenceChain.of_job(self.folder.evidence, rig.host.name)
        recorder = SigningRecorder(chain, self.folder.keys, job.name, names, rig.host)
        with ExitStack() as stack:
            opening = new_journal(self.folder.journals, names.stem)
            journal = await asyncio.to_thread(stack.enter_context, opening)
            run = CloneRun(
                job,
                names,
                1,
                rig.host,
                rig.arrays,
                {},
                journal,
                recorder,
                SystemClock(),
                admission=self.admission,
            )
            result = await run.perform()
        assert result.status is RunStatus.COMPLETED, result
        await rig.remove(names)
        return (result.window_s or 0.0) * 1000
