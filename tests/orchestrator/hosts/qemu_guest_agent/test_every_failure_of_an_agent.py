"""Our wire and our hold against an emulated agent that fails in every way there is."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from orchestrator.hosts.qemu_guest_agent import wire as wire_module
from orchestrator.hosts.qemu_guest_agent.emulator.agent import AgentFault
from orchestrator.hosts.qemu_guest_agent.hold import FREEZE, STATUS, THAW, TIME, AgentHold
from orchestrator.hosts.qemu_guest_agent.wire import AgentError, AnswerLost, Wire
from orchestrator.hosts.watchdog.hold import HoldFailed
from tests.orchestrator.hosts.qemu_guest_agent.agents import Emulated
from tests.orchestrator.hosts.qemu_guest_agent.conftest import MakeHold
from tests.orchestrator.hosts.qemu_guest_agent.holding import (
    NEVER,
    SYNC,
    soon,
    thaw_at_last,
    thawed,
    thawed_everywhere,
)

pytestmark = pytest.mark.journey


# ---------------------------------------------------------------- the wire
def test_what_an_earlier_client_left_behind_is_thrown_away(emulated: Emulated) -> None:
    emulated.agent.stale = b'{"return": "frozen"}\n\xff{"return": 5}\n{"error": {"class": "X", "desc": ""}}\n'
    wire = Wire(emulated.path)
    wire.connect(soon())
    assert wire.execute(STATUS, deadline=soon()) == "thawed"
    wire.close()


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(emulated: Emulated) -> None:
    wire = Wire(emulated.path)
    wire.connect(soon())
    emulated.agent.inject(AgentFault.ANSWER_LATE, "guest-get-host-name")
    with pytest.raises(AnswerLost, match="no answer in time"):
        wire.execute("guest-get-host-name", deadline=soon(0.1))
    emulated.agent.resume()
    assert wire.execute(STATUS, deadline=soon()) == "thawed"
    assert emulated.agent.log == [SYNC, "guest-get-host-name", SYNC, STATUS]
    wire.close()


def test_a_handshake_is_made_at_the_start_and_after_a_lost_answer_only(emulated: Emulated) -> None:
    wire = Wire(emulated.path)
    wire.connect(soon())
    wire.execute(STATUS, deadline=soon())
    with pytest.raises(AgentError):
        wire.execute("guest-nonsense", deadline=soon())
    wire.execute(STATUS, deadline=soon())
    assert emulated.agent.log.count(SYNC) == 1
    wire.close()


def test_an_urgent_request_stands_behind_the_handshake_even_if_that_is_not_answered(
    emulated: Emulated,
) -> None:
    wire = Wire(emulated.path)
    wire.connect(soon())
    emulated.agent.inject(AgentFault.EXECUTE_LATE, FREEZE)
    with pytest.raises(AnswerLost):
        wire.execute(FREEZE, {"mountpoints": ["/data"]}, deadline=soon(0.1))
    with pytest.raises(AnswerLost):
        wire.execute(THAW, deadline=soon(0.1), urgent=True)
    emulated.agent.resume()
    until = soon(5)
    while THAW not in emulated.agent.log:
        assert time.monotonic() < until
    assert emulated.agent.log.index(FREEZE) < emulated.agent.log.index(THAW)
    assert thawed(emulated)
    wire.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (AgentFault.GARBAGE, "cannot be understood"),
        (AgentFault.ENDLESS, "more than"),
        (AgentFault.LOSE_ANSWER, "no answer in time"),
        (AgentFault.LOSE_REQUEST, "no answer in time"),
        (AgentFault.DIE_BEFORE, "closed the connection"),
        (AgentFault.DIE_AFTER, "closed the connection"),
    ],
)
def test_every_answer_that_is_none_is_lost_and_the_next_request_begins_afresh(
    emulated: Emulated, fault: AgentFault, words: str
) -> None:
    wire = Wire(emulated.path)
    wire.connect(soon())
    emulated.agent.inject(fault, STATUS)
    with pytest.raises(AnswerLost, match=words) as caught:
        wire.execute(STATUS, deadline=soon(0.3))
    assert caught.value.closed == fault.startswith("die")
    assert wire.connected != caught.value.closed
    if caught.value.closed:
        emulated.kill()
        emulated.start()
        wire.connect(soon())
    assert wire.execute(STATUS, deadline=soon(2)) == "thawed"
    wire.close()


def test_a_socket_that_nobody_listens_on_is_told_at_once(home: Path) -> None:
    wire = Wire(str(home / "nobody"))
    with pytest.raises(AnswerLost, match="cannot connect: No such file"):
        wire.connect(soon())
    with pytest.raises(AnswerLost, match="no connection"):
        wire.execute(STATUS, deadline=soon())


def test_a_handshake_drowned_in_other_words_ends(emulated: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "MOST_BYTES", 1000)
    emulated.agent.stale = b'\xff{"return": 5}\n' * 200
    with pytest.raises(AnswerLost, match="says a lot"):
        Wire(emulated.path).connect(soon(2))


# ---------------------------------------------------------------- before the freeze
def test_a_hold_over_nothing_is_refused_before_it_could_freeze_everything(emulated: Emulated) -> None:
    with pytest.raises(HoldFailed, match="no file system was named"):
        AgentHold(emulated.path, []).prepare()
    assert emulated.agent.log == []


@pytest.mark.parametrize("command", [FREEZE, THAW, STATUS, TIME])
def test_an_agent_without_a_command_that_is_needed_is_refused(
    emulated: Emulated, make_hold: MakeHold, command: str
) -> None:
    emulated.guest.blocked.add(command)
    with pytest.raises(HoldFailed, match=command if command != STATUS else "disabled") as caught:
        make_hold(emulated)
    assert caught.value.code in ("host.agent-incapable", "host.rejected")


def test_a_freeze_that_is_called_off_is_not_sent_and_needs_no_thaw(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = make_hold(emulated)
    called_off = threading.Event()
    called_off.set()
    with pytest.raises(HoldFailed, match="called off"):
        hold.freeze(called_off)
    emulated.foreign_freeze("/log")
    assert hold.thaw() == 0
    assert hold.proven_thawed()
    assert emulated.frozen("/log"), "what others have frozen is theirs"
    assert not {FREEZE, THAW} & set(emulated.agent.log)


def test_the_freeze_names_every_file_system_and_no_other_is_frozen(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = AgentHold(emulated.path, ["/log"], thaw_s=0.4)
    hold.prepare()
    assert hold.freeze(NEVER) == 1
    assert emulated.frozen("/log")
    assert not emulated.frozen("/data")
    assert hold.thaw() == 1
    hold.close()


def test_a_flush_runs_in_the_guest_where_it_can_and_does_no_harm_where_it_cannot(emulated: Emulated) -> None:
    hold = AgentHold(emulated.path, ["/log"], flushes=True)
    hold.prepare()
    hold.flush(NEVER)
    assert emulated.guest.programs_run == [("sync", ["-f", "/log"])]
    hold.close()
    emulated.guest.blocked.add("guest-exec")
    hold = AgentHold(emulated.path, ["/log"], flushes=True)
    hold.prepare()
    hold.flush(NEVER)
    assert len(emulated.guest.programs_run) == 1
    hold.close()


# ---------------------------------------------------------------- a freeze whose outcome is unknown
@pytest.mark.parametrize("fault", [each for each in AgentFault if not each.startswith("die")])
def test_a_freeze_without_an_answer_counts_as_frozen_and_is_thawed(
    emulated: Emulated, make_hold: MakeHold, fault: AgentFault
) -> None:
    hold = AgentHold(emulated.path, emulated.mount_points, freeze_s=0.1, thaw_s=0.4)
    hold.prepare()
    emulated.agent.inject(fault, FREEZE)
    with pytest.raises(HoldFailed, match="no answer to the freeze") as caught:
        hold.freeze(NEVER)
    assert caught.value.code == "host.gone"
    assert not hold.proven_thawed()
    emulated.agent.resume()
    thaw_at_last(hold)
    assert hold.proven_thawed()
    assert thawed(emulated)
    hold.close()


@pytest.mark.parametrize("looked_at_while_dead", [True, False])
@pytest.mark.parametrize("fault", [AgentFault.DIE_BEFORE, AgentFault.DIE_AFTER])
def test_an_agent_that_dies_of_the_freeze_is_looked_for_until_it_is_back(
    emulated: Emulated, make_hold: MakeHold, fault: AgentFault, looked_at_while_dead: bool
) -> None:
    hold = make_hold(emulated)
    emulated.agent.inject(fault, FREEZE)
    with pytest.raises(HoldFailed, match="no answer to the freeze"):
        hold.freeze(NEVER)
    if looked_at_while_dead:
        with pytest.raises(HoldFailed, match="cannot connect"):
            hold.thaw()
    emulated.kill()
    emulated.start(mark_lost=True)
    assert hold.thaw() is None
    assert hold.proven_thawed()
    assert thawed(emulated)


def test_a_freeze_given_up_while_the_agent_is_at_it_is_thawed_behind_it(
    emulated: Emulated, make_hold: MakeHold
) -> None:
    hold = make_hold(emulated)
    emulated.agent.inject(AgentFault.EXECUTE_LATE, FREEZE)
    called_off = threading.Event()
    threading.Timer(0.05, called_off.set).start()
    began = time.monotonic()
    with pytest.raises(HoldFailed, match="called off"):
        hold.freeze(called_off)
    assert time.monotonic() - began < 0.5
    with pytest.raises(HoldFailed):
        hold.thaw()
    emulated.agent.resume()  # now it freezes, after all
    thaw_at_last(hold)
    assert FREEZE in emulated.agent.log
    assert thawed(emulated)


def test_a_count_that_is_none_is_not_taken(emulated: Emulated, make_hold: MakeHold) -> None:
    hold = make_hold(emulated)
    emulated.guest.file_systems.append(emulated.guest.file_systems.pop().__class__("loop9", ("/other",)))
    with pytest.raises(HoldFailed, match="1 file systems were frozen instead of 2"):
        hold.freeze(NEVER)
    hold.thaw()
    assert thawed_everywhere(emulated)
