"""A check in a process of its own, with a terminal as its stderr."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestrator.ese.reports import DatabaseState
from tests.orchestrator.cli.ese_files import PAGE_SIZE, database

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

PAGES = 12 * (1 << 20) // PAGE_SIZE  # three chunks; at 1 MB/s the second waits for seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "DB01.edb"
    path.write_bytes(database((0, 0), state=DatabaseState.CLEAN_SHUTDOWN, pages=PAGES))
    return path


class OnTerminal:
    """`quiesce ese check`, with what it draws."""

    def __init__(self, *args: str | Path) -> None:
        self.terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "orchestrator", "ese", "check", *map(str, args)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        )
        os.close(theirs)
        self.drawn = b""

    def wait_for(self, words: bytes) -> None:
        """Read what is drawn until some words were."""
        until = time.monotonic() + 60
        while words not in self.drawn and time.monotonic() < until:
            self._read(0.1)
        assert words in self.drawn

    def end(self) -> tuple[int, bytes]:
        """Wait for its end; return status and stdout."""
        while self.process.poll() is None:
            self._read(0.02)
        while self._read(0.0):
            pass
        os.close(self.terminal)
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            return self.process.returncode, stdout.read()

    def _read(self, seconds: float) -> bool:
        if not select.select([self.terminal], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.terminal, 65536)
        except OSError:  # the other end is closed
            return False
        self.drawn += more
        return bool(more)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_within_a_second_and_it_goes_on_later(
    path: Path, tmp_path: Path, number: signal.Signals
) -> None:
    resume = tmp_path / "check.resume"
    check = OnTerminal(path, "--throttle", "1MB/s", "--resume", resume)
    check.wait_for(b"DB01.edb")
    check.wait_for(b"4.0/12.0 MiB")
    asked = time.monotonic()
    check.process.send_signal(number)
    status, out = check.end()
    assert time.monotonic() - asked < 2  # a second, and as much again where the machine is busy
    assert (status, out) == (5, b"")
    assert b"code: verify.stopped" in check.drawn
    assert b"Traceback" not in check.drawn
    state = resume.read_bytes()
    again = subprocess.run(
        [sys.executable, "-m", "orchestrator", "ese", "check", path, "--resume", resume, "--json"],
        capture_output=True,
        check=False,
    )
    result = json.loads(again.stdout)["result"]
    assert b"next_page" in state
    assert result["databases"][0]["pages"]["data"] == PAGES
    assert result["throughput"]["bytes"] < path.stat().st_size - (2 << 20)
    assert not resume.exists()


def test_the_bar_is_gone_at_the_end_and_never_in_a_file_or_with_json(path: Path) -> None:
    check = OnTerminal(path)
    status, out = check.end()
    assert status == 0, check.drawn
    assert out.startswith(b"clean: ")
    assert b"DB01.edb" in check.drawn
    assert check.drawn.rpartition(b"DB01.edb")[2].endswith(b"\x1b[1A\x1b[2K"), check.drawn[-200:]  # wiped
    for option in ("--json", "--quiet"):
        check = OnTerminal(path, option)
        check.end()
        assert check.drawn == b""
    plain = subprocess.run(
        [sys.executable, "-m", "orchestrator", "ese", "check", path], capture_output=True, check=False
    )
    assert (plain.returncode, plain.stderr) == (0, b"")
