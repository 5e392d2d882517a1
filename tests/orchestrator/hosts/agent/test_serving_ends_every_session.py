"""The session of a set: told once, ended in time, recovered by the next life. In virtual time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrator.errors import HostError
from orchestrator.hosts.agent.ops import SetKey
from orchestrator.model.hosts import HoldEnd
from tests.orchestrator.hosts.agent.scripted_backend import a_plan, lost
from tests.orchestrator.hosts.agent.serving_scene import KEY, Scene, refusal

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


async def test_a_session_that_nobody_ends_is_aborted_after_its_time(scene: Scene) -> None:
    served = await scene.thawed(session_s=100.0)
    await asyncio.sleep(99)
    assert "abort" not in scene.host.calls
    await asyncio.sleep(2)
    assert scene.host.calls[-1] == "abort"
    assert await refusal(served.complete(succeeded=True)) == "host.session-lost"
    assert await refusal(served.writer_status()) == "host.session-lost"
    with pytest.raises(HostError):
        served.resume()
    assert scene.host.told == []


async def test_an_abort_that_fails_is_tried_again(scene: Scene) -> None:
    await scene.thawed(session_s=100.0)
    scene.host.fails["abort"] = lost()
    await asyncio.sleep(101)
    del scene.host.fails["abort"]
    await asyncio.sleep(61)
    assert scene.host.calls.count("abort") == 2


async def test_a_set_that_nobody_freezes_is_given_up(scene: Scene) -> None:
    await scene.opened()
    await asyncio.sleep(600 + 61)
    assert scene.host.effects() == ["open", "abort"]


async def test_the_writers_are_told_once(scene: Scene) -> None:
    served = await scene.thawed()
    first = await served.complete(succeeded=True)
    assert served.resume() == "session-1"
    assert await served.complete(succeeded=True) == first
    assert await refusal(served.complete(succeeded=False)) == "host.rejected"
    assert scene.host.told == [True]
    await served.abort()
    assert "abort" not in scene.host.calls


async def test_whoever_asks_while_the_writers_are_told_gets_the_same_answer(scene: Scene) -> None:
    served = await scene.thawed()
    gate = scene.host.hold("complete")
    first = asyncio.ensure_future(served.complete(succeeded=True))
    await scene.host.reached["complete"].wait()
    first.cancel()  # its connection was lost
    second = asyncio.ensure_future(served.complete(succeeded=True))
    assert await refusal(served.complete(succeeded=False)) == "host.rejected"
    gate.set()
    assert (await second).writers
    assert scene.host.told == [True]
    assert scene.host.calls.count("complete") == 1


async def test_a_telling_that_failed_may_be_tried_again(scene: Scene) -> None:
    served = await scene.thawed()
    scene.host.fails["complete"] = lost()
    assert await refusal(served.complete(succeeded=True)) == "host.writer-failed"
    del scene.host.fails["complete"]
    await served.complete(succeeded=True)
    assert scene.host.told == [True]


async def test_writers_that_never_hear_do_not_wait_for_ever(scene: Scene) -> None:
    served = await scene.thawed()
    scene.host.hold("complete")
    telling = asyncio.ensure_future(served.complete(succeeded=True))
    await asyncio.sleep(599)
    assert "abort" not in scene.host.calls
    await asyncio.sleep(2)
    assert scene.host.calls[-1] == "abort"
    telling.cancel()


async def test_the_writers_are_told_after_the_thaw_only(scene: Scene) -> None:
    served = await scene.opened()
    assert await refusal(served.complete(succeeded=True)) == "host.rejected"
    await scene.freeze()
    assert await refusal(served.complete(succeeded=True)) == "host.rejected"
    assert scene.host.told == []


async def test_an_aborted_set_is_thawed_and_lost(scene: Scene) -> None:
    served = await scene.opened()
    await scene.freeze()
    await served.abort()
    await served.abort()
    assert not scene.host.frozen
    assert scene.host.calls.count("abort") == 1
    assert (await served.thaw()).hold_ended_by is HoldEnd.ABORT
    assert await refusal(served.complete(succeeded=False)) == "host.session-lost"


async def test_recovery_waits_for_the_opening_and_ends_it(scene: Scene) -> None:
    gate = scene.host.hold("open")
    opening = asyncio.ensure_future(scene.service.open(a_plan()))
    await scene.host.reached["open"].wait()
    assert await refusal(scene.service.open(a_plan("set-2"))) == "host.busy"
    recovering = asyncio.ensure_future(scene.service.recover(KEY))
    await asyncio.sleep(1)
    gate.set()
    await recovering
    await opening
    assert scene.host.effects() == ["open", "abort"]
    assert await refusal(scene.freeze()) == "host.rejected"


async def test_what_was_recovered_before_it_came_is_not_opened(scene: Scene) -> None:
    await scene.service.recover(KEY)
    assert await refusal(scene.service.open(a_plan())) == "host.rejected"
    assert scene.host.effects() == ["recover set-1 7"]


async def test_an_opening_that_fails_leaves_nothing(scene: Scene) -> None:
    scene.host.fails["open"] = lost()
    assert await refusal(scene.service.open(a_plan())) == "host.writer-failed"
    assert scene.host.effects() == ["open", "recover set-1 7"]
    assert await refusal(scene.freeze()) == "host.session-lost"
    assert await refusal(scene.service.open(a_plan())) == "host.rejected"


async def test_an_agent_does_not_freeze_what_it_needs_itself(scene: Scene) -> None:
    scene.host.volumes = {Path("/state"): ["vol-9", "vol-1"]}
    assert await refusal(scene.service.open(a_plan())) == "host.not-freezable"
    assert scene.file.path.parent in scene.host.asked_about
    assert scene.host.effects() == []


async def test_a_new_life_recovers_before_anything_else_and_has_lost_the_session(scene: Scene) -> None:
    await scene.thawed()
    await scene.new_life().start()
    assert scene.host.calls[-1] == "recover set-1 7"
    assert await refusal(scene.freeze()) == "host.session-lost"
    with pytest.raises(HostError) as caught:
        scene.service.find(KEY)
    assert caught.value.code == "host.session-lost"
    assert (await scene.remembered()).open_sets == {}


async def test_a_life_that_cannot_recover_does_not_begin(scene: Scene) -> None:
    await scene.opened()
    scene.host.fails["recover set-1 7"] = lost("host.still-frozen")
    assert await refusal(scene.new_life().start()) == "host.still-frozen"
    assert (await scene.remembered()).open_sets == {"set-1": 7}


async def test_a_life_that_ends_aborts_what_is_open(scene: Scene) -> None:
    await scene.opened()
    await scene.freeze()
    await scene.service.stop()
    assert not scene.host.frozen
    assert (await scene.remembered()).open_sets == {}


async def test_what_cannot_be_written_is_not_opened(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, no folder")
    assert await refusal(scene.service.open(a_plan())) == "agent.state-unusable"
    assert "open" not in scene.host.calls


@pytest.mark.parametrize("text", ["", "{", '{"highest_fence":"many"}', '{"open_sets":[1]}'])
async def test_a_damaged_memory_stops_the_agent(scene: Scene, tmp_path: Path, text: str) -> None:
    scene.file.path.parent.mkdir()
    scene.file.path.write_text(text)
    assert await refusal(scene.service.start()) == "agent.state-unusable"


async def test_only_so_many_ends_are_remembered(scene: Scene) -> None:
    for number in range(70):
        await scene.service.open(a_plan(f"set-{number}"))
        await scene.service.find(SetKey(f"set-{number}", 7)).abort()
    assert len(scene.service._sets) == 64
