"""A thaw whose outcome is unknown, and what may be asked around a freeze."""

from __future__ import annotations

import threading
import time

import pytest

from orchestrator.hosts.qemu_guest_agent.emulator.agent import AgentFault
from orchestrator.hosts.qemu_guest_agent.hold import FREEZE, STATUS, THAW, AgentHold
from orchestrator.hosts.watchdog.hold import HoldFailed
from tests.orchestrator.hosts.qemu_guest_agent.agents import Emulated, Real
from tests.orchestrator.hosts.qemu_guest_agent.conftest import MakeHold
from tests.orchestrator.hosts.qemu_guest_agent.holding import (
    NEVER,
    SYNC,
    frozen_hold,
    thaw_at_last,
    thawed,
)

pytestmark = pytest.mark.journey  # through a process of its own, or real waiting


# ---------------------------------------------------------------- a thaw whose outcome is unknown
@pytest.mark.parametrize("fault", [each for each in AgentFault if not each.startswith("die")])
@pytest.mark.parametrize("command", [THAW, STATUS])
def test_a_thaw_without_an_answer_is_repeated_and_its_count_is_no_proof(
    emulated: Emulated, make_hold: MakeHold, fault: AgentFault, command: str
) -> None:
    hold = frozen_hold(emulated, make_hold)
    emulated.agent.inject(fault, command)
    with pytest.raises(HoldFailed) as caught:
        hold.thaw()
    assert caught.value.code == "host.still-frozen"
    assert not hold.proven_thawed()
    emulated.agent.resume()
    assert thaw_at_last(hold) is None
    assert hold.proven_thawed()
    assert thawed(emulated)


def test_a_connection_that_stays_silent_is_given_up_for_a_new_one(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = frozen_hold(emulated, make_hold)
    for _ in range(20):
        emulated.agent.inject(AgentFault.LOSE_REQUEST, THAW)
        emulated.agent.inject(AgentFault.LOSE_REQUEST, SYNC)
    for _ in range(2):
        with pytest.raises(HoldFailed):
            hold.thaw()
    emulated.agent.forget_faults()
    served = emulated.agent.clients
    assert hold.thaw() is None
    assert emulated.agent.clients == served + 1
    assert thawed(emulated)


def test_an_agent_that_says_frozen_after_its_thaw_is_not_believed_to_have_thawed(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = frozen_hold(emulated, make_hold)
    emulated.agent.thaw_fails = "failed to open mtab file: '/proc/self/mounts'"
    with pytest.raises(HoldFailed, match="the agent says that the guest is frozen"):
        hold.thaw()
    assert not hold.proven_thawed()
    emulated.agent.thaw_fails = ""
    assert hold.thaw() is None
    assert thawed(emulated)


def test_an_error_of_an_agent_that_never_knew_of_the_freeze_proves_nothing(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = frozen_hold(emulated, make_hold)
    emulated.kill()
    emulated.start(mark_lost=True)
    emulated.agent.thaw_fails = "failed to open mtab file: '/proc/self/mounts'"
    with pytest.raises(HoldFailed, match="may never have known"):
        hold.thaw()
    assert not hold.proven_thawed()
    emulated.agent.thaw_fails = ""
    assert hold.thaw() is None
    assert thawed(emulated)


@pytest.mark.parametrize("count", ["2", True, -1, None, 2.0, {}])
def test_a_thaw_count_that_is_no_number_is_lost(
    emulated: Emulated, make_hold: MakeHold, count: object
) -> None:
    hold = frozen_hold(emulated, make_hold)
    emulated.agent.lie(THAW, count)
    assert hold.thaw() is None
    assert hold.proven_thawed()


@pytest.mark.parametrize("count", ["2", None, {}])
def test_a_freeze_count_that_is_no_number_fails_the_freeze(
    emulated: Emulated, make_hold: MakeHold, count: object
) -> None:
    hold = make_hold(emulated)
    emulated.agent.lie(FREEZE, count)
    with pytest.raises(HoldFailed, match="were frozen instead of 2"):
        hold.freeze(NEVER)
    assert hold.thaw() == 2


def test_a_freeze_that_comes_after_we_are_gone_finds_our_thaw_behind_it(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = AgentHold(emulated.path, emulated.mount_points, freeze_s=0.1, thaw_s=0.1)
    hold.prepare()
    emulated.agent.inject(AgentFault.EXECUTE_LATE, FREEZE)
    with pytest.raises(HoldFailed):
        hold.freeze(NEVER)
    with pytest.raises(HoldFailed):
        hold.thaw()
    hold.close()
    emulated.agent.resume()
    until = time.monotonic() + 5
    while THAW not in emulated.agent.log:
        assert time.monotonic() < until
    assert FREEZE in emulated.agent.log
    assert thawed(emulated)


@pytest.mark.real
def test_a_real_freeze_that_comes_after_we_are_gone_finds_our_thaw_behind_it(real: Real) -> None:
    hold = AgentHold(real.path, real.mount_points, freeze_s=0.1, thaw_s=0.1)
    hold.prepare()
    real.stop()
    with pytest.raises(HoldFailed):
        hold.freeze(NEVER)
    with pytest.raises(HoldFailed):
        hold.thaw()
    hold.close()
    real.resume()
    until = time.monotonic() + 5
    while real.hooks_run() != ["freeze", "thaw"]:
        assert time.monotonic() < until
    real.kill()
    assert not any(real.frozen(each) for each in real.mount_points)


def test_an_agent_restarted_within_one_try_is_found_in_that_try(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = frozen_hold(emulated, make_hold)
    emulated.kill()
    restart = threading.Timer(0.1, emulated.start)
    restart.start()
    assert hold.thaw() is None
    restart.join()
    assert thawed(emulated)


# ---------------------------------------------------------------- questions
@pytest.mark.parametrize("command", [FREEZE, THAW, "guest-fsfreeze-freeze", "guest-shutdown"])
def test_nothing_that_changes_the_guest_can_be_asked(
    emulated: Emulated, make_hold: MakeHold, command: str
) -> None:
    with pytest.raises(HoldFailed, match="is not for asking"):
        make_hold(emulated).ask({"commands": [{"execute": command}]})
    assert command not in emulated.agent.log


def test_nothing_is_asked_inside_a_freeze(emulated: Emulated, make_hold: MakeHold) -> None:
    hold = frozen_hold(emulated, make_hold)
    with pytest.raises(HoldFailed, match="inside a freeze"):
        hold.ask({"commands": [{"execute": "guest-get-time"}]})
    assert emulated.agent.log == []
    hold.thaw()
    answer = hold.ask({"commands": [{"execute": "guest-get-time"}, {"execute": "guest-exec-status"}]})
    assert answer["time_before"]["return"] <= answer["answers"][0]["return"]
    assert "error" in answer["answers"][1]


def test_questions_go_on_after_the_connection_was_lost(emulated: Emulated, make_hold: MakeHold) -> None:
    hold = make_hold(emulated)
    emulated.kill()
    with pytest.raises(HoldFailed) as caught:
        hold.ask({"commands": [{"execute": "guest-get-time"}]})
    assert caught.value.code == "host.unreachable"
    emulated.start()
    assert "return" in hold.ask({"commands": [{"execute": "guest-get-time"}]})["answers"][0]
