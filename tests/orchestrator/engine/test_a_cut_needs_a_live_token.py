import pytest

from orchestrator.engine.token import WindowToken
from orchestrator.errors import CutNotAuthorised
from orchestrator.model.budgets import Budgets
from orchestrator.plugin import CutToken
from orchestrator.shadowcopy import Event, ShadowCopyMachine, State
from tests.orchestrator.engine.fake_array import Behaviour
from tests.orchestrator.engine.scene import Scene
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.virtual_time

TO_FROZEN = (Event.ALL_ARMED, Event.FREEZE_ASKED, Event.WRITERS_FROZEN)
BUDGETS = Budgets(commit_s=5.0)


def machine_after(*events: Event) -> ShadowCopyMachine:
    machine = ShadowCopyMachine(BUDGETS)
    for event in events:
        machine.handle(event, 0.0)
    return machine


async def test_a_token_is_spent_once_per_array(virtual_clock: VirtualClock) -> None:
    token = WindowToken(machine_after(*TO_FROZEN), virtual_clock)
    token.spend("one")
    token.spend("two")
    with pytest.raises(CutNotAuthorised, match="asked for already"):
        token.spend("one")


@pytest.mark.parametrize(
    "events",
    [(), TO_FROZEN[:1], TO_FROZEN[:2], (*TO_FROZEN, Event.ALL_CUT), (*TO_FROZEN, Event.FAILED)],
    ids=lambda events: events[-1] if events else "idle",
)
async def test_a_token_is_dead_outside_the_frozen_state(
    events: tuple[Event, ...], virtual_clock: VirtualClock
) -> None:
    machine = machine_after(*events)
    assert machine.state is not State.FROZEN
    with pytest.raises(CutNotAuthorised):
        WindowToken(machine, virtual_clock).spend("one")


async def test_a_token_dies_with_the_deadline_even_before_anybody_noticed(
    virtual_clock: VirtualClock,
) -> None:
    machine = machine_after(*TO_FROZEN)
    machine.deadline = virtual_clock.now()
    with pytest.raises(CutNotAuthorised):
        WindowToken(machine, virtual_clock).spend("one")


def test_nobody_else_can_define_a_token() -> None:
    with pytest.raises(TypeError, match=r"orchestrator\.engine\.token"):

        class Forged(CutToken):
            def spend(self, array_id: str) -> None:
                """Let everything pass."""


async def test_a_provider_that_cuts_twice_is_stopped_by_its_token() -> None:
    scene = Scene()
    array = scene.arrays[0]
    once = array.commit

    async def twice(*arguments: object) -> object:
        await once(*arguments)  # type: ignore[arg-type] # the arguments of the method it stands for
        return await once(*arguments)  # type: ignore[arg-type] # likewise

    array.behaviour = Behaviour()
    array.commit = twice  # type: ignore[method-assign, assignment] # a provider that retries in the window
    result = await scene.run.perform()
    assert result.error is not None
    assert result.error.code == "policy.cut-not-authorised"
    assert scene.left_behind() == set()
