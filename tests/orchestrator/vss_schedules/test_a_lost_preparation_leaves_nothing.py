"""Found by the schedules: one array's preparation fails while another's is still under way."""

from __future__ import annotations

import asyncio

import pytest

from orchestrator.model.grades import RunStatus
from tests.orchestrator.engine.fake_array import REQUEST_LIFE_S
from tests.orchestrator.engine.scene import a_job
from tests.orchestrator.vss_schedules.faulty_array import Planned
from tests.orchestrator.vss_schedules.rules import broken_rules
from tests.orchestrator.vss_schedules.vss_scene import VssScene

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("fault", ["error-before", "error-after", "lost-before", "lost-after"])
@pytest.mark.parametrize("slow", [0, 1])
async def test_what_is_still_being_made_then_is_removed_as_well(slow: int, fault: str) -> None:
    scene = VssScene()
    scene.arrays[slow].planned.append(Planned("array-arm:late"))
    scene.arrays[1 - slow].planned.append(Planned(f"array-arm:{fault}"))
    one = await scene.perform(a_job(attempts=1))
    await asyncio.sleep(REQUEST_LIFE_S * 2)
    assert one.run.result is not None
    assert one.run.result.status is RunStatus.ABORTED
    assert broken_rules(scene) == []
