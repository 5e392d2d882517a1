"""One schedule: what goes wrong, when, and what was wanted; all of it from a seed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.model.verification import Verdict
from tests.orchestrator.engine.fake_array import REQUEST_LIFE_S
from tests.orchestrator.engine.scene import a_job
from tests.orchestrator.vss_schedules.door import DOOR_FAULTS
from tests.orchestrator.vss_schedules.faulty_array import ARRAY_FAULTS, Planned
from tests.orchestrator.vss_schedules.host_faults import HOST_FAULTS
from tests.orchestrator.vss_schedules.one_run import OneRun
from tests.orchestrator.vss_schedules.scripted_look import ScriptedLook
from tests.orchestrator.vss_schedules.vss_scene import DATABASES, VssScene

# How many faults a run meets: none, one, or several at once.
NUMBERS: Final = (0, 0, 0, 1, 1, 1, 1, 2, 2, 3)
KILLED: Final = ("killed:any-time", *(f"killed:{point}" for point in CrashPoint))
FAULTS: Final = (*HOST_FAULTS, *ARRAY_FAULTS, *DOOR_FAULTS)
CANCELLED: Final = ("cancelled-once", "cancelled-twice")
_OFTEN: Final = ("array-clock", "array-locate", "array-owned", "array-delete", "door-survey", "door-thaw")
_SHAPES: Final = ("copy", "copy", "clone", "verified", "truncating")
_AT_THE_UNDO: Final = ("array-abort", "array-delete", "array-owned", "door-abort", "door-recover")
LATENCIES_S: Final = (0.001, 0.001, 0.02, 0.15, 0.3)


Disturbance = Callable[[VssScene, OneRun, asyncio.Task[Any], random.Random], Awaitable[None]]


@dataclass
class Played:
    """A schedule that was played.

    Attributes:
        faulty: the runs that were to meet faults; one more followed them without any.
        struck: every fault that did strike, by run.
    """

    seed: int
    scene: VssScene
    faulty: list[OneRun] = field(default_factory=list)
    struck: list[Counter[str]] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"seed {self.seed}"]
        for one, struck in zip(self.scene.runs, self.struck, strict=False):
            result = one.run.result
            lines.append(
                f"  {one.names.run_id}: {dict(struck)} -> "
                f"{result.status if result else one.error!r} {result.error if result else ''}"
            )
        return "\n".join(lines)


async def play(seed: int, disturb: Disturbance | None = None) -> Played:
    """Play the schedule of a seed: two runs that meet faults, then one that must succeed.

    Args:
        seed: of everything that happens.
        disturb: what else happens to a run under way; now and then it is cancelled if nothing is said.
    """
    rng = random.Random(seed)  # noqa: S311 - a seed, not a secret
    scene = VssScene(
        rng=rng,
        host_clock_s=rng.choice([0.0, rng.uniform(-30, 30)]),
        stop_takes_s=rng.choice([0.0, 0.05, 0.2]),
    )
    played = Played(seed, scene)
    for array in scene.arrays:
        array.behaviour.latency_s = rng.choice(LATENCIES_S)
        array.behaviour.skew_s = rng.uniform(-5, 5)
    scene.door.latency_s = rng.choice(LATENCIES_S)
    for nth in range(2):
        before = struck_so_far(scene)
        faults = _draw_faults(seed + nth, rng)
        played.faulty.append(await _one_run(scene, faults, rng, disturb or maybe_cancel))
        await settle(scene)
        played.struck.append(struck_so_far(scene) - before)
    await scene.perform(a_job(databases=DATABASES))
    return played


async def _one_run(
    scene: VssScene, faults: Sequence[str], rng: random.Random, disturb: Disturbance
) -> OneRun:
    for name in faults:
        _plan(name, scene, rng)
    shapes = _SHAPES[2:] if any("clone" in name for name in faults) else _SHAPES
    job, look = _draw_job(rng.choice(shapes), rng)
    one = await scene.begin(a_job(**job, attempts=rng.choice([1, 3])), look)
    task = scene.start(one)
    ending = asyncio.ensure_future(scene.finish(one, task))
    await disturb(scene, one, task, rng)
    await ending
    return one


async def maybe_cancel(scene: VssScene, one: OneRun, task: asyncio.Task[Any], rng: random.Random) -> None:
    """Cancel every seventh run or so, once or twice."""
    if rng.random() < 0.15:
        times = rng.choice([1, 2])
        scene.struck.append(CANCELLED[times - 1])
        for _ in range(times):
            await asyncio.sleep(rng.choice([rng.uniform(0, 2), rng.uniform(0, 70)]))
            one.cancel_sent |= task.cancel()


async def kill(scene: VssScene, one: OneRun, task: asyncio.Task[Any], rng: random.Random) -> None:
    """Let its process die at a crash point or at any time, and take up its run some time later."""
    point = rng.choice([*CrashPoint, None, None, None, None])
    if point is None:
        await asyncio.sleep(rng.choice([rng.uniform(0, 2), rng.uniform(0, 70)]))
        one.life.over = not task.done()
    one.life.dies_at = point
    await asyncio.wait({task})
    if one.life.over:
        scene.struck.append(f"killed:{point or 'any-time'}")
        await asyncio.sleep(rng.choice([0.0, rng.uniform(0, 60)]))
        await scene.recover(one)


def _draw_faults(seed: int, rng: random.Random) -> list[str]:
    """Draw some faults; seeds that follow each other go through all there are, so that none is seldom."""
    drawn = [rng.choice(rng.choice([HOST_FAULTS, ARRAY_FAULTS, DOOR_FAULTS])) for _ in range(3)]
    return [FAULTS[seed % len(FAULTS)], *drawn][: rng.choice(NUMBERS)]


def _plan(name: str, scene: VssScene, rng: random.Random) -> None:
    position = rng.choice([1, 2, 3]) if name.startswith(_OFTEN) else 1
    if name in ARRAY_FAULTS:
        array = rng.choice(scene.arrays)
        array.planned.append(Planned(name, position, rng.uniform(0.1, 15)))
        array.behaviour.refuses_to_delete = rng.random() < 0.05
    elif name in DOOR_FAULTS:
        scene.door.planned[name] = position
    else:
        scene.inject(name, delay_s=rng.choice([0.0, 0.01, 1.0, 7.0]))
    _give_it_an_occasion(name, scene, rng)


def _give_it_an_occasion(name: str, scene: VssScene, rng: random.Random) -> None:
    """Let something fail before a fault that only failures bring about."""
    if name.startswith(_AT_THE_UNDO) and rng.random() < 0.7:
        scene.inject("writer-failed-after-thaw")
    if name.startswith("door-recover"):
        scene.door.planned.setdefault("door-abort:lost-before", 1)


def _draw_job(shape: str, rng: random.Random) -> tuple[dict[str, Any], ScriptedLook]:
    databases = rng.choice([DATABASES[:1], DATABASES[:2], DATABASES])
    look = ScriptedLook(
        verdict=rng.choice([Verdict.CLEAN, Verdict.RECOVERABLE, *Verdict]),
        error=rng.random() < 0.1,
        takes_s=rng.choice([0.0, 60.0, 1800.0]),
    )
    match shape:
        case "copy":
            return {"databases": databases}, look
        case "clone":
            return {"databases": databases, "clone": True}, look
        case "verified":
            return {"databases": databases, "clone": True, "verify": True}, look
        case _:
            wish = {"databases": databases, "clone": True, "verify": True, "truncate": True}
            return {**wish, "backup_type": "full"}, look


async def settle(scene: VssScene) -> None:
    """Let everything happen that may still happen, then let everything work, and end what has no end."""
    await asyncio.sleep(REQUEST_LIFE_S + 30 + scene.runs[-1].run.job.session_s)
    scene.heal()
    for one in scene.runs:
        await scene.recover(one)


def struck_so_far(scene: VssScene) -> Counter[str]:
    struck = Counter([*scene.struck, *scene.door.struck])
    for array in scene.arrays:
        struck.update(array.record.struck)
    return struck
