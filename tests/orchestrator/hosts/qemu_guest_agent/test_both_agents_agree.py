"""The emulator and the real agent are held to the same cases: what ours says, theirs says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from orchestrator.hosts.qemu_guest_agent.hold import AgentHold
from orchestrator.hosts.watchdog.hold import HoldFailed
from tests.orchestrator.hosts.qemu_guest_agent.agents import AgentUnderTest
from tests.orchestrator.hosts.qemu_guest_agent.conftest import MakeHold

pytestmark = pytest.mark.journey

NEVER = threading.Event()


class Client:
    """Says raw lines: these tests judge the agents, not our wire."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.answers = connection.makefile("rb")

    def say(self, line: bytes) -> bytes:
        self._connection.sendall(line + b"\n")
        return self.heard()

    def heard(self) -> bytes:
        return self.answers.readline()

    def ask(self, command: str, **arguments: Any) -> Any:
        message = {"execute": command} | ({"arguments": arguments} if arguments else {})
        return json.loads(self.say(json.dumps(message).encode()))


@contextmanager
def client_of(agent: AgentUnderTest, patience_s: float = 2.0) -> Iterator[Client]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience_s)
        connection.connect(agent.path)
        client = Client(connection)
        with client.answers:
            yield client


@pytest.mark.parametrize(
    ("line", "error_class", "words"),
    [
        (b'{"execute": "guest-nonsense"}', "CommandNotFound", "has not been found"),
        (b'{"execute": 5}', "GenericError", "must be a string"),
        (b'{"execute": "guest-ping", "x": 1}', "GenericError", "'x' is unexpected"),
        (b'{"execute": "guest-ping", "arguments": {"x": 1}}', "GenericError", "'x' is unexpected"),
        (
            b'{"execute": "guest-fsfreeze-freeze-list", "arguments": {"mountpoints": "/"}}',
            "GenericError",
            "expected: array",
        ),
        (b'{"execute": ]', "GenericError", "JSON parse error"),
    ],
)
def test_a_request_that_is_none_is_an_error_of_a_class(
    either: AgentUnderTest, line: bytes, error_class: str, words: str
) -> None:
    with client_of(either) as client:
        error = json.loads(client.say(line))["error"]
    assert error["class"] == error_class
    assert words in error["desc"]


def test_the_handshake_complains_first_and_then_answers_behind_the_sentinel(either: AgentUnderTest) -> None:
    with client_of(either) as client:
        complaint = client.say(b'\xff{"execute": "guest-sync-delimited", "arguments": {"id": 77}}')
        answer = client.heard()
    assert json.loads(complaint)["error"]["class"] == "GenericError"
    assert answer.startswith(b"\xff")
    assert json.loads(answer[1:]) == {"return": 77}


def test_a_second_client_is_let_in_but_hears_nothing_until_the_first_has_gone(either: AgentUnderTest) -> None:
    with client_of(either) as first:
        assert "return" in first.ask("guest-ping")
        with client_of(either, patience_s=0.2) as second:
            with pytest.raises(TimeoutError):
                second.ask("guest-ping")
            assert first.ask("guest-fsfreeze-status") == {"return": "thawed"}
    with client_of(either) as third:
        assert "return" in third.ask("guest-ping")


def test_while_frozen_little_is_answered(either: AgentUnderTest) -> None:
    with client_of(either) as client:
        client.ask("guest-fsfreeze-freeze-list", mountpoints=either.mount_points)
        for command in ("guest-get-time", "guest-get-fsinfo", "guest-fsfreeze-freeze-list", "guest-exec"):
            error = client.ask(command)["error"]
            assert error["class"] == "CommandNotFound"
            assert "the agent is in frozen state" in error["desc"]
        assert "return" in client.ask("guest-ping")
        enabled = {
            each["name"]
            for each in client.ask("guest-info")["return"]["supported_commands"]
            if each["enabled"]
        }
        assert client.ask("guest-fsfreeze-thaw") == {"return": 2}
    assert enabled == {
        "guest-ping",
        "guest-info",
        "guest-sync",
        "guest-sync-delimited",
        "guest-fsfreeze-status",
        "guest-fsfreeze-thaw",
    }


def test_nobody_thaws_when_the_client_goes(either: AgentUnderTest) -> None:
    with client_of(either) as client:
        client.ask("guest-fsfreeze-freeze-list", mountpoints=either.mount_points)
    assert all(either.frozen(each) for each in either.mount_points)
    with client_of(either) as client:
        assert client.ask("guest-fsfreeze-status") == {"return": "frozen"}
        client.ask("guest-fsfreeze-thaw")


@pytest.mark.parametrize("mark_lost", [False, True])
def test_an_agent_that_died_leaves_the_guest_frozen_and_its_successor_counts_the_truth(
    either: AgentUnderTest, mark_lost: bool
) -> None:
    with client_of(either) as client:
        client.ask("guest-fsfreeze-freeze-list", mountpoints=either.mount_points)
        either.kill()
    assert all(either.frozen(each) for each in either.mount_points)
    either.start(mark_lost=mark_lost)
    with client_of(either) as client:
        status = client.ask("guest-fsfreeze-status")["return"]
        assert status == ("thawed" if mark_lost else "frozen")  # its memory, and nothing else
        assert client.ask("guest-fsfreeze-thaw") == {"return": 2}
    assert not any(either.frozen(each) for each in either.mount_points)


def test_what_is_frozen_already_is_not_counted_by_the_freeze_but_by_the_thaw(either: AgentUnderTest) -> None:
    either.foreign_freeze(either.mount_points[0])
    with client_of(either) as client:
        assert client.ask("guest-fsfreeze-freeze-list", mountpoints=either.mount_points) == {"return": 1}
        assert client.ask("guest-fsfreeze-thaw") == {"return": 2}


def test_a_freeze_of_nothing_leaves_the_agent_thawed(either: AgentUnderTest) -> None:
    with client_of(either) as client:
        assert client.ask("guest-fsfreeze-freeze-list", mountpoints=["/nowhere"]) == {"return": 0}
        assert client.ask("guest-fsfreeze-status") == {"return": "thawed"}


def test_every_mount_of_a_loop_device_is_told_without_a_disk(either: AgentUnderTest) -> None:
    with client_of(either) as client:
        told = {each["mountpoint"]: each for each in client.ask("guest-get-fsinfo")["return"]}
    for mount_point, kind in zip(either.mount_points, ("ext4", "xfs"), strict=True):
        assert told[mount_point]["type"] == kind
        assert told[mount_point]["name"].startswith("loop")
        assert told[mount_point]["disk"] == []


# ---------------------------------------------------------------- our hold on either of them
def frozen_hold(agent: AgentUnderTest, make_hold: MakeHold) -> AgentHold:
    hold = make_hold(agent)
    hold.flush(NEVER)
    assert hold.freeze(NEVER) == 2
    assert not hold.proven_thawed()
    return hold


def test_freeze_and_thaw_count_the_same(either: AgentUnderTest, make_hold: MakeHold) -> None:
    hold = frozen_hold(either, make_hold)
    assert all(either.frozen(each) for each in either.mount_points)
    assert hold.thaw() == 2
    assert hold.proven_thawed()
    assert not any(either.frozen(each) for each in either.mount_points)
    assert hold.thaw() == 0
    assert either.hooks_run() == ["freeze", "thaw"]


def test_a_foreign_thaw_in_mid_window_shows_in_the_count(either: AgentUnderTest, make_hold: MakeHold) -> None:
    hold = frozen_hold(either, make_hold)
    either.foreign_thaw(either.mount_points[1])
    assert hold.thaw() == 1
    assert hold.proven_thawed()


def test_a_file_system_that_somebody_else_froze_fails_the_freeze(
    either: AgentUnderTest, make_hold: MakeHold
) -> None:
    hold = make_hold(either)
    either.foreign_freeze(either.mount_points[0])
    with pytest.raises(HoldFailed, match="1 file systems were frozen instead of 2") as caught:
        hold.freeze(NEVER)
    assert caught.value.code == "host.freeze-failed"
    hold.thaw()
    assert hold.proven_thawed()
    assert not any(either.frozen(each) for each in either.mount_points)


def test_a_hook_that_fails_at_the_freeze_leaves_nothing_frozen(
    either: AgentUnderTest, make_hold: MakeHold
) -> None:
    hold = make_hold(either)
    either.fail_hook("freeze")
    with pytest.raises(HoldFailed, match="hook has failed") as caught:
        hold.freeze(NEVER)
    assert caught.value.code == "host.freeze-failed"
    assert not any(either.frozen(each) for each in either.mount_points)
    assert hold.thaw() == 0
    assert hold.proven_thawed()


def test_a_hook_that_fails_at_the_thaw_loses_the_count_but_not_the_thaw(
    either: AgentUnderTest, make_hold: MakeHold
) -> None:
    hold = frozen_hold(either, make_hold)
    either.fail_hook("thaw")
    assert hold.thaw() is None
    assert hold.proven_thawed()
    assert not any(either.frozen(each) for each in either.mount_points)
    assert either.hooks_run() == ["freeze", "thaw"]


@pytest.mark.parametrize("mark_lost", [False, True])
def test_an_agent_killed_in_mid_window_and_started_again_thaws_but_its_count_is_no_proof(
    either: AgentUnderTest, make_hold: MakeHold, mark_lost: bool
) -> None:
    hold = frozen_hold(either, make_hold)
    either.kill()
    with pytest.raises(HoldFailed, match="may still be frozen") as caught:
        hold.thaw()
    assert caught.value.code == "host.still-frozen"
    assert not hold.proven_thawed()
    assert all(either.frozen(each) for each in either.mount_points)
    either.start(mark_lost=mark_lost)
    assert hold.thaw() is None
    assert hold.proven_thawed()
    assert not any(either.frozen(each) for each in either.mount_points)


def test_whoever_takes_over_from_a_dead_watchdog_thaws(either: AgentUnderTest, make_hold: MakeHold) -> None:
    frozen_hold(either, make_hold).close()
    successor = AgentHold(either.path, either.mount_points, thaw_s=0.4, call_s=1.0)
    successor.reopen()
    assert not successor.proven_thawed()
    assert successor.thaw() is None
    assert successor.proven_thawed()
    successor.close()
    assert not any(either.frozen(each) for each in either.mount_points)


def test_a_guest_that_is_frozen_already_is_refused(either: AgentUnderTest, make_hold: MakeHold) -> None:
    with client_of(either) as client:
        client.ask("guest-fsfreeze-freeze-list", mountpoints=either.mount_points[:1])
    with pytest.raises(HoldFailed) as caught:
        make_hold(either)
    assert caught.value.code == "host.already-frozen"
    with client_of(either) as client:
        client.ask("guest-fsfreeze-thaw")


def test_a_guest_that_serves_somebody_else_is_unreachable(either: AgentUnderTest) -> None:
    with client_of(either) as client:
        assert "return" in client.ask("guest-ping")
        hold = AgentHold(either.path, either.mount_points, call_s=0.2)
        with pytest.raises(HoldFailed, match="serves another client") as caught:
            hold.prepare()
        hold.close()
        assert caught.value.code == "host.unreachable"
