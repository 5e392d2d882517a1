"""An agent's sets: what may happen to them when, in virtual time and without a socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.agent.memory import MOST_OVER, Remembered
from orchestrator.hosts.agent.ops import Freeze, SetKey
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.agent.scripted_backend import a_plan, lost
from tests.orchestrator.hosts.agent.serving_scene import KEY, Scene, refusal

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_set_goes_its_way(scene: Scene) -> None:
    served = await scene.opened()
    await scene.freeze()
    assert scene.host.frozen
    assert (await served.thaw()).hold_ended_by is HoldEnd.RELEASE
    assert await served.writer_status()
    report = await served.complete(succeeded=True)
    assert report.writers
    assert scene.host.effects() == ["open", "freeze", "thaw", "writer_status", "complete"]
    assert scene.host.told == [True]


async def test_nothing_is_remembered_of_a_set_that_has_ended_but_that_it_was(scene: Scene) -> None:
    served = await scene.opened()
    assert (await scene.remembered()).open_sets == {"set-1": 7}
    await scene.freeze()
    await served.thaw()
    await served.complete(succeeded=True)
    await asyncio.sleep(1)
    assert (await scene.remembered()).open_sets == {}
    assert await refusal(scene.service.open(a_plan())) == "host.rejected"
    await scene.new_life().start()
    assert await refusal(scene.service.open(a_plan())) == "host.rejected"
    assert await refusal(scene.service.open(a_plan("set-0", fence=6))) == "agent.fenced"
    assert scene.host.calls.count("open") == 1


async def test_a_lower_fence_opens_nothing(scene: Scene) -> None:
    await scene.opened()
    assert await refusal(scene.service.open(a_plan("set-2", fence=6))) == "agent.fenced"
    await scene.service.open(a_plan("set-3", fence=7))
    await scene.service.open(a_plan("set-4", fence=8))
    assert await refusal(scene.service.open(a_plan("set-5", fence=7))) == "agent.fenced"
    assert scene.host.calls.count("open") == 3


async def test_a_set_that_is_open_is_not_opened_again(scene: Scene) -> None:
    await scene.opened()
    assert await refusal(scene.service.open(a_plan())) == "host.rejected"
    assert scene.host.effects() == ["open"]


async def test_of_two_that_open_at_once_one_does(scene: Scene) -> None:
    gate = scene.host.hold("volumes_under")
    openings = [asyncio.ensure_future(scene.service.open(a_plan())) for _ in range(2)]
    await scene.host.reached["volumes_under"].wait()
    await asyncio.sleep(1)
    gate.set()
    outcomes = await asyncio.gather(*openings, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["HostError", "str"]
    assert scene.host.effects() == ["open"]


async def test_one_token_opens_only_so_many_sets() -> None:
    remembered = Remembered(7, over=tuple(map(str, range(MOST_OVER))))
    with pytest.raises(HostError):
        remembered.demand_new("another", 7)
    remembered.demand_new("another", 8)


@pytest.mark.parametrize("set_id", ["", "x" * 101])
async def test_a_set_id_is_short_and_not_empty(scene: Scene, set_id: str) -> None:
    assert await refusal(scene.service.open(a_plan(set_id))) == "host.rejected"
    assert scene.host.effects() == []


@pytest.mark.parametrize("key", [SetKey("set-1", 6), SetKey("set-1", 8)])
async def test_another_token_has_no_effect(scene: Scene, key: SetKey) -> None:
    await scene.opened()
    assert await refusal(scene.freeze(key)) == "host.rejected"
    await scene.freeze()
    with pytest.raises(HostError):
        scene.service.find(key)
    assert await refusal(scene.service.recover(key)) == "host.rejected"
    assert scene.host.effects() == ["open", "freeze"]


async def test_a_freeze_comes_in_time_or_never(scene: Scene) -> None:
    await scene.opened()
    assert await refusal(scene.freeze(within_s=-0.001)) == "agent.too-late"
    assert scene.host.effects() == ["open"]
    await scene.freeze(within_s=0.0)


async def test_a_freeze_that_waited_for_the_disk_is_late_as_well(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.opened()
    async with scene.service._writing:
        freeze = asyncio.ensure_future(scene.freeze())
        await asyncio.sleep(2)
        assert scene.host.effects() == ["open"]
    assert await refusal(freeze) == "agent.too-late"


async def test_a_freeze_meant_for_an_earlier_life_has_no_effect(scene: Scene) -> None:
    await scene.opened()
    assert await refusal(scene.service.freeze(Freeze(KEY, 15.0, "another", 1e9))) == "agent.too-late"
    assert scene.host.effects() == ["open"]


@pytest.mark.parametrize("dead_man_s", [0.0, -1.0, 20.1])
async def test_a_dead_man_has_a_time_that_fits(scene: Scene, dead_man_s: float) -> None:
    await scene.opened()
    assert await refusal(scene.freeze(dead_man_s=dead_man_s)) == "host.rejected"
    assert scene.host.effects() == ["open"]


async def test_a_set_is_frozen_once(scene: Scene) -> None:
    served = await scene.opened()
    await scene.freeze()
    assert await refusal(scene.freeze()) == "host.rejected"
    await served.thaw()
    assert await refusal(scene.freeze()) == "host.rejected"
    assert scene.host.calls.count("freeze") == 1


async def test_a_thaw_that_overtakes_its_freeze_wins(scene: Scene) -> None:
    served = await scene.opened()
    await served.thaw()
    assert await refusal(scene.freeze()) == "host.rejected"
    assert not scene.host.frozen


async def test_a_thaw_is_asked_for_again_and_says_the_same(scene: Scene) -> None:
    served = await scene.opened()
    await scene.freeze()
    assert await served.thaw() == await served.thaw()
    assert scene.host.calls.count("thaw") == 1


async def test_a_thaw_that_hangs_does_not_keep_the_next_one_back(scene: Scene) -> None:
    served = await scene.opened()
    await scene.freeze()
    scene.host.hold("thaw")
    first = asyncio.ensure_future(served.thaw())
    await scene.host.reached["thaw"].wait()
    gate = scene.host.gates.pop("thaw")
    report = await served.thaw()
    assert report.hold_ended_by is HoldEnd.RELEASE
    await asyncio.sleep(1)
    gate.set()
    assert await first == report  # what was said once stands


async def test_the_dead_man_thaws_and_the_holder_may_still_ask_how_it_ended(scene: Scene) -> None:
    served = await scene.opened()
    await scene.freeze(dead_man_s=15.0)
    await asyncio.sleep(15.5)
    assert not scene.host.frozen
    assert (await served.thaw()).hold_ended_by is HoldEnd.DEAD_MAN


async def test_the_agent_thaws_for_a_backend_whose_dead_man_failed(scene: Scene) -> None:
    scene.host.has_dead_man = False
    served = await scene.opened()
    scene.host.fails["thaw"] = lost()
    await scene.freeze(dead_man_s=5.0)
    await asyncio.sleep(6.5)
    assert scene.host.frozen
    del scene.host.fails["thaw"]
    await asyncio.sleep(1)
    assert not scene.host.frozen
    assert (await served.thaw()).hold_ended_by is HoldEnd.DEAD_MAN  # by our thaw, but nobody asked for it


async def test_a_freeze_that_failed_is_thawed(scene: Scene) -> None:
    scene.host.has_dead_man = False
    await scene.opened()
    scene.host.fails["freeze"] = lost()
    assert await refusal(scene.freeze(dead_man_s=5.0)) == "host.writer-failed"
    await asyncio.sleep(7)
    assert not scene.host.frozen


async def test_nothing_is_written_while_something_is_frozen(scene: Scene) -> None:
    ended = await scene.thawed()
    await scene.service.open(a_plan("set-2"))
    await scene.freeze(SetKey("set-2", 7))
    before = await scene.remembered()
    await ended.complete(succeeded=True)
    await scene.service.recover(SetKey("set-9", 7))
    assert await refusal(scene.service.open(a_plan("set-3"))) == "host.busy"
    assert scene.host.effects()[-1] == "recover set-9 7"
    await asyncio.sleep(1)
    assert (await scene.remembered()) == before
    await scene.service.find(SetKey("set-2", 7)).thaw()
    await asyncio.sleep(1)
    assert (await scene.remembered()).open_sets == {"set-2": 7}


async def test_two_sets_are_never_frozen_at_once(scene: Scene) -> None:
    await scene.opened()
    await scene.service.open(a_plan("set-2"))
    await scene.freeze()
    assert await refusal(scene.freeze(SetKey("set-2", 7))) == "host.busy"
