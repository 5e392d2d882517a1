"""Each guard is taken away once: then the rules must be found broken. With it in place they are not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orchestrator.journal.crash_points import CrashPoint
from orchestrator.model.verification import Verdict
from tests.orchestrator.engine.fake_array import REQUEST_LIFE_S
from tests.orchestrator.engine.scene import a_job
from tests.orchestrator.vss_schedules.checked import complaints
from tests.orchestrator.vss_schedules.faulty_array import Planned
from tests.orchestrator.vss_schedules.guards import GUARDS, Guard
from tests.orchestrator.vss_schedules.life import crash_points_kill, nobody_asks_after_the_dead
from tests.orchestrator.vss_schedules.one_run import OneRun
from tests.orchestrator.vss_schedules.schedule import Played, settle, struck_so_far
from tests.orchestrator.vss_schedules.scripted_look import ScriptedLook
from tests.orchestrator.vss_schedules.vss_scene import DATABASES, VssScene
from tests.virtual_time import run_in_virtual_time

pytestmark = pytest.mark.many

JOBS: dict[str, dict[str, Any]] = {
    "copy": {"databases": DATABASES},
    "truncating": {
        "databases": DATABASES,
        "clone": True,
        "verify": True,
        "truncate": True,
        "backup_type": "full",
    },
}


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_what_a_guard_keeps_is_broken_without_it(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.remove(monkeypatch)
    found = run_in_virtual_time(faulty_run(guard))
    assert [each for each in found if guard.broken in each], found


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_what_a_guard_keeps_is_kept_with_it(guard: Guard) -> None:
    assert run_in_virtual_time(faulty_run(guard)) == []


async def faulty_run(guard: Guard) -> list[str]:
    """Play one run that meets the faults a guard is there for, then one without; return the complaints."""
    asyncio.get_running_loop().set_exception_handler(nobody_asks_after_the_dead)
    scene = VssScene()
    scene.door.latency_s = 0.001
    scene.arrays[0].behaviour.latency_s = 0.05
    look = ScriptedLook(verdict=Verdict.DAMAGED, takes_s=60.0)
    one = await scene.begin(a_job(**JOBS[guard.job], attempts=1), look)
    task = scene.start(one)
    ending = asyncio.ensure_future(scene.finish(one, task))
    with crash_points_kill():
        for fault in guard.faults:
            await meet(fault, scene, one, task)
        await ending
    await settle(scene)
    struck = struck_so_far(scene)
    await scene.perform(a_job(databases=DATABASES))
    return complaints(Played(0, scene, [one], [struck]))


async def meet(fault: str, scene: VssScene, one: OneRun, task: asyncio.Task[Any]) -> None:
    """Let a run that has just been started meet a fault."""
    kind, _, rest = fault.partition(":")
    match kind:
        case "cancelled-twice":
            scene.struck.append(fault)
            for after_s in (0.25, 0.07):
                await asyncio.sleep(after_s)
                one.cancel_sent |= task.cancel()
        case "killed":
            scene.struck.append(fault)
            one.life.dies_at = CrashPoint(rest)
        case _ if fault.startswith("array-"):
            scene.arrays[1].planned.append(Planned(fault, late_s=REQUEST_LIFE_S / 2))
        case _ if fault.startswith("door-"):
            scene.door.planned[fault] = 1
        case _:
            scene.inject(fault, delay_s=0.02 if fault == "hold-ends-early" else 1.0)
