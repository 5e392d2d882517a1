"""Many runs with random faults, latencies and cancellations, on virtual time, from a printed seed."""

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress

import pytest

from orchestrator.model.grades import Grade, RunStatus
from orchestrator.policy.proof import judge
from tests.orchestrator.engine.fake_array import REQUEST_LIFE_S, Behaviour, CommitFault
from tests.orchestrator.engine.fake_host import HostFault
from tests.orchestrator.engine.scene import Scene, a_job
from tests.virtual_time import run_in_virtual_time

SCHEDULES = int(os.environ.get("QUIESCE_SCHEDULES", "500"))
SEED = int(os.environ.get("QUIESCE_SEED", "20260301"))


def test_every_schedule_ends_proven_or_with_nothing_left() -> None:
    run_schedules(SCHEDULES)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_every_one_of_very_many_schedules_does() -> None:
    run_schedules(SCHEDULES * 100)


def run_schedules(count: int) -> None:
    print(f"seed {SEED}, {count} schedules")
    ends: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for number in range(count):
        end, faults = run_in_virtual_time(one_schedule(random.Random(SEED + number)))  # noqa: S311 - a seed, not a secret
        ends[end] += 1
        hits.update(faults)
    print(dict(ends), dict(hits))
    assert ends["completed"] >= count / 5
    assert ends["aborted"] >= count / 5
    often = count / 500 * 2
    assert all(hits[fault] >= often for fault in (*CommitFault, *HostFault, "cancelled"))


async def one_schedule(rng: random.Random) -> tuple[str, list[str]]:
    """Run one, hold it against the rules, and return how it ended and which faults it met."""
    scene = Scene(a_job(clone=rng.random() < 0.3))
    faults: list[str] = []
    for array in scene.arrays:
        fault = rng.choice(list(CommitFault)) if rng.random() < 0.2 else CommitFault.NONE
        latency_s, skew_s = rng.choice([0.0, 0.001, 0.02, 0.15, 0.4]), rng.uniform(-5, 5)
        array.behaviour = Behaviour(
            commit=fault, latency_s=latency_s, late_s=rng.uniform(0.1, 15), skew_s=skew_s
        )
        faults.append(fault)
    scene.host.fault = rng.choice(list(HostFault)) if rng.random() < 0.45 else HostFault.NONE
    scene.host.latency_s = rng.choice([0.0, 0.001, 0.02, 0.2])
    faults.append(scene.host.fault)
    task = asyncio.create_task(scene.run.perform())
    if rng.random() < 0.25:
        faults.append("cancelled")
        for _ in range(rng.choice([1, 1, 2])):
            await asyncio.sleep(rng.uniform(0, 1.5))
            task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await asyncio.sleep(REQUEST_LIFE_S + 30)  # whatever an array may still have executed, it has by now
    hold_to_the_rules(scene)
    return ("untouched" if scene.run.result is None else scene.run.result.status), faults


def hold_to_the_rules(scene: Scene) -> None:
    result = scene.run.result
    assert not scene.host.frozen  # R2
    assert not scene.host.state.session_open
    assert scene.foreign_is_untouched()  # R3
    for array in scene.arrays:
        assert array.store.calls.count("commit") <= 1  # R8: nothing is repeated in a window
    if result is None or result.status is not RunStatus.COMPLETED:
        assert scene.left_behind() == set()  # R3, R4
        assert scene.recorder.proofs == []  # R7
        assert not scene.host.state.told_success  # R6
    else:
        assert result.facts is not None
        assert not [finding for finding in judge(result.facts, Grade.WRITER_VERIFIED) if finding.fatal]  # R1
        assert len(scene.recorder.proofs) == 1
