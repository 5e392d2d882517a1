"""The real guest agent and storage daemon as children of the lab."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator.errors import HostError
from orchestrator.lab.real import child
from orchestrator.lab.real import storage_daemon as storage_daemon_module
from orchestrator.lab.real.child import await_ready, program
from orchestrator.lab.real.file_systems import file_system_on, mount_points_under, run
from orchestrator.lab.real.guest_agent import guest_agent
from orchestrator.lab.real.storage_daemon import StorageDaemon, storage_daemon
from tests.orchestrator.lab.real.leftovers import await_nothing_under

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

LUN_BYTES: Final = 16 << 20
LIMIT_S: Final = 10.0


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid: int) -> None:
    until = time.monotonic() + LIMIT_S
    while runs(pid):
        assert time.monotonic() < until
        time.sleep(0.005)


def asked(path: Path, command: str) -> Any:
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rwb") as stream:
        connection.connect(str(path))
        stream.write(json.dumps({"execute": command}).encode() + b"\n")
        stream.flush()
        return json.loads(stream.readline())


def cut(daemon: StorageDaemon, number: int) -> None:
    """Put an overlay on both LUNs."""
    actions = [
        {
            "type": "blockdev-snapshot-sync",
            "data": {
                "node-name": f"{name}-{number - 1}" if number else f"{name}-base",
                "snapshot-file": str(daemon.home / f"{name}-{number}.qcow2"),
                "snapshot-node-name": f"{name}-{number}",
                "format": "qcow2",
            },
        }
        for name in daemon.exports
    ]
    daemon.ask("transaction", {"actions": actions})


def write(lun: Path, data: bytes) -> None:
    with lun.open("r+b") as file:
        file.write(data)


def read(lun: Path) -> bytes:
    with lun.open("rb") as file:
        return file.read(5)


def test_a_guest_agent_answers_and_ends_with_the_block(real_lab: Path) -> None:
    with guest_agent(real_lab) as agent:
        assert agent.url == f"unix://{real_lab}/ga.sock"
        assert asked(agent.socket, "guest-fsfreeze-status") == {"return": "thawed"}
    assert not runs(agent.pid)


def test_a_guest_agent_starts_again_where_another_was_killed(real_lab: Path) -> None:
    with guest_agent(real_lab) as first:
        os.kill(first.pid, signal.SIGKILL)
    with guest_agent(real_lab) as second:
        assert asked(second.socket, "guest-ping") == {"return": {}}


def test_an_agent_that_cannot_listen_is_an_error_in_its_own_words(real_lab: Path) -> None:
    home = real_lab / ("long" * 30)
    with pytest.raises(HostError) as failed, guest_agent(home):
        pass
    assert failed.value.code == "lab.child-ended"
    assert failed.value.subject == "qemu-ga"
    assert "too long" in failed.value.what
    assert str(home / "qemu-ga.log") in failed.value.remedy


def test_luns_keep_what_was_written_when_the_daemon_is_restarted_or_killed(real_lab: Path) -> None:
    with storage_daemon(real_lab / "d", {"log": LUN_BYTES, "db": LUN_BYTES}) as daemon:
        first = daemon.pid
        for number, data in enumerate((b"one..", b"two..", b"three")):
            write(daemon.exports["log"], data)
            if number < 2:
                cut(daemon, number)
        daemon.restart()
        assert read(daemon.exports["log"]) == b"three"
        daemon.restart(killed=True)
        assert read(daemon.exports["log"]) == b"three"
        write(daemon.exports["log"], b"four.")
        cut(daemon, 2)
        assert {each["node-name"] for each in daemon.ask("query-block-exports")} == {"log-2", "db-2"}
        assert read(daemon.home / "log.raw") == b"one.."
        last = daemon.pid
    assert not runs(first)
    assert not runs(last)


def test_a_daemon_that_was_killed_leaves_no_dead_mount(real_lab: Path) -> None:
    with storage_daemon(real_lab / "d", {"log": LUN_BYTES}) as daemon:
        assert mount_points_under(real_lab) == [daemon.exports["log"]]
        os.kill(daemon.pid, signal.SIGKILL)
    assert mount_points_under(real_lab) == []


def test_a_file_system_whose_daemon_was_killed_still_goes(real_lab: Path) -> None:
    with (
        storage_daemon(real_lab / "d", {"log": LUN_BYTES}) as daemon,
        file_system_on("ext4", daemon.exports["log"], real_lab / "log") as made,
    ):
        (made.mount_point / "file").write_bytes(b"lost")
        os.kill(daemon.pid, signal.SIGKILL)


def test_a_daemon_that_cannot_start_leaves_nothing(real_lab: Path) -> None:
    with pytest.raises(HostError) as failed, storage_daemon(real_lab / "d", {"log-but-_bad id": LUN_BYTES}):
        pass
    assert failed.value.code == "lab.child-ended"
    assert failed.value.subject == "qemu-storage-daemon"


def test_a_daemon_that_starts_and_does_not_answer_leaves_nothing(
    real_lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoAnswer(Exception): ...

    def fail(*_: object) -> None:
        raise NoAnswer

    monkeypatch.setattr(storage_daemon_module, "await_ready", fail)
    with pytest.raises(NoAnswer), storage_daemon(real_lab / "d", {"log": LUN_BYTES}):
        pass
    await_nothing_under(real_lab)


def test_what_a_terminal_sends_to_its_group_strikes_no_child(real_lab: Path) -> None:
    with program(["sleep", "60"], real_lab / "log") as child_of_ours:
        assert os.getpgid(child_of_ours.pid) != os.getpgid(0)
    assert int(run("sh", "-c", "ps -o pgid= -p $$")) != os.getpgid(0)


@pytest.mark.parametrize("kind", ["agent", "daemon"])
def test_children_end_when_the_lab_is_killed(real_lab: Path, kind: str) -> None:
    block = {
        "agent": "guest_agent(home)",
        "daemon": f"storage_daemon(home / 'd', {{'log': {LUN_BYTES}}})",
    }[kind]
    lines = [
        "import sys, time",
        "from pathlib import Path",
        "from orchestrator.lab.real.guest_agent import guest_agent",
        "from orchestrator.lab.real.storage_daemon import storage_daemon",
        "home = Path(sys.argv[1])",
        f"with {block} as part:",
        "    print(part.pid, flush=True)",
        "    time.sleep(60)",
    ]
    command = [sys.executable, "-c", "\n".join(lines), str(real_lab)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        pid = int(lab.stdout.readline())
        assert runs(pid)
        lab.kill()
    gone(pid)


def test_a_program_that_will_not_end_is_made_to(real_lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "END_S", 0.1)
    ready = real_lab / "ready"
    script = f"trap '' TERM; touch {ready}; while :; do sleep 1; done"
    with program(["sh", "-c", script], real_lab / "log") as stubborn:
        await_ready(stubborn, ready.stat, real_lab / "log")
    assert stubborn.returncode == -signal.SIGKILL


def test_a_program_that_never_answers_is_given_up(real_lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "READY_S", 0.1)
    log = real_lab / "log"
    with program(["sleep", "60"], log) as silent, pytest.raises(HostError) as failed:
        await_ready(silent, (real_lab / "never").stat, log)
    assert failed.value.code == "lab.child-ended"
    assert "no answer within 0.1 s" in failed.value.what
