"""Agents to test with, an emulated and a real one, behind one face."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.hosts.qemu_guest_agent.emulator.agent import EmulatedAgent
from orchestrator.hosts.qemu_guest_agent.emulator.guest import EmulatedGuest, GuestFileSystem
from orchestrator.lab.real.file_systems import check_own, made_file_system, thaw

FAR_S: Final = 5.0

# A thaw of the agent thaws whatever is mounted where it looks: so it looks into a mount namespace of its own,
# in which nothing on a loop device is left but what belongs to the test.
ALONE: Final = """
others() {
  awk '$1 ~ "^/dev/loop" && !index(" " ENVIRON["KEEP"] " ", " " $2 " ") {print $2}' /proc/self/mounts
}
others | while read -r place; do umount --lazy "$place" 2>/dev/null; done
test -z "$(others)" || exit 9
exec "$@"
"""
HOOK: Final = """#!/bin/sh
echo "$1" >> "{home}/hooks-run"
test ! -e "{home}/fail-$1" || exit 3
"""


class AgentUnderTest(ABC):
    """An agent and the guest behind it; its two file systems are of the test's own making."""

    path: str
    mount_points: list[str]

    @abstractmethod
    def start(self, *, mark_lost: bool = False) -> None:
        """Start it again after `kill`; with `mark_lost` it cannot know of an earlier freeze."""

    @abstractmethod
    def kill(self) -> None:
        """End its process at once."""

    @abstractmethod
    def frozen(self, mount_point: str) -> bool:
        """Tell the truth, not the agent's memory."""

    @abstractmethod
    def foreign_freeze(self, mount_point: str) -> None:
        """Freeze behind the agent's back."""

    @abstractmethod
    def foreign_thaw(self, mount_point: str) -> None:
        """Thaw behind the agent's back."""

    @abstractmethod
    def fail_hook(self, moment: str) -> None:
        """Let the hook script fail at "freeze" or "thaw"."""

    @abstractmethod
    def hooks_run(self) -> list[str]:
        """Return what the hook script was called with."""


class Emulated(AgentUnderTest):
    """Our emulator."""

    def __init__(self, home: Path) -> None:
        self.path = str(home / "agent.sock")
        self.mount_points = ["/data", "/log"]
        disks = [GuestFileSystem("loop0", ("/data",)), GuestFileSystem("loop1", ("/log",), "xfs")]
        self.guest = EmulatedGuest(disks)
        self.agent = EmulatedAgent(Path(self.path), self.guest)
        self.agent.start()

    def start(self, *, mark_lost: bool = False) -> None:
        self.agent.start(mark_lost=mark_lost)

    def kill(self) -> None:
        self.agent.kill()

    def frozen(self, mount_point: str) -> bool:
        return self._file_system(mount_point).frozen

    def foreign_freeze(self, mount_point: str) -> None:
        self._file_system(mount_point).frozen = True

    def foreign_thaw(self, mount_point: str) -> None:
        self._file_system(mount_point).frozen = False

    def fail_hook(self, moment: str) -> None:
        self.guest.failing_hooks.add(moment)

    def hooks_run(self) -> list[str]:
        return self.guest.hooks_run

    def _file_system(self, mount_point: str) -> GuestFileSystem:
        (found,) = (each for each in self.guest.file_systems if mount_point in each.mount_points)
        return found


class Real(AgentUnderTest):
    """qemu-ga, on this machine, with file systems on loop devices."""

    def __init__(self, home: Path, mount_points: Sequence[Path]) -> None:
        self.path = str(home / "agent.sock")
        self.mount_points = [str(each) for each in mount_points]
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None
        hook = home / "hook"
        hook.write_text(HOOK.format(home=home))
        hook.chmod(0o755)
        (home / "state").mkdir()
        self.start()

    def start(self, *, mark_lost: bool = False) -> None:
        if mark_lost:
            (self.home / "state" / "qga.state.isfrozen").unlink()
        Path(self.path).unlink(missing_ok=True)
        agent = ["qemu-ga", "-m", "unix-listen", "-p", self.path, "-t", str(self.home / "state")]
        agent += ["-f", str(self.home / "pid"), f"-F{self.home / 'hook'}"]
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", ALONE, "sh", *agent],
            env={**os.environ, "KEEP": " ".join(self.mount_points)},
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + FAR_S
        while not _listens(self.path):
            if time.monotonic() > until or self._process.poll() is not None:
                self.kill()
                raise AssertionError("qemu-ga did not come up")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let it stand still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again, if it is there."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def run_again(self) -> None:
        """Let it run, whatever was done to it."""
        if self._process is None:
            self.start()
        self.resume()

    def frozen(self, mount_point: str) -> bool:
        """Only a thaw tells: what was frozen is frozen again afterwards."""
        was = thaw(Path(mount_point))
        if was:
            self.foreign_freeze(mount_point)
        return was

    def foreign_freeze(self, mount_point: str) -> None:
        check_own(Path(mount_point))
        descriptor = os.open(mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            ioctl.freeze(descriptor)
        finally:
            os.close(descriptor)

    def foreign_thaw(self, mount_point: str) -> None:
        assert thaw(Path(mount_point))

    def fail_hook(self, moment: str) -> None:
        (self.home / f"fail-{moment}").touch()

    def hooks_run(self) -> list[str]:
        log = self.home / "hooks-run"
        return log.read_text().split() if log.exists() else []


@contextmanager
def emulated(home: Path) -> Iterator[Emulated]:
    """An emulated agent for the length of the block."""
    agent = Emulated(home)
    try:
        yield agent
    finally:
        agent.kill()


@contextmanager
def real(home: Path) -> Iterator[Real]:
    """A real agent and two real file systems for the length of the block; both are thawed at its end."""
    with ExitStack() as stack:
        places = [
            stack.enter_context(made_file_system(kind, home / f"{kind}.img", home / kind)).mount_point
            for kind in ("ext4", "xfs")
        ]
        agent = Real(home, places)
        try:
            yield agent
        finally:
            agent.resume()
            agent.kill()


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def missing_for_real() -> str:
    """Return what this machine lacks for a real agent; empty if nothing."""
    lacking = [
        each
        for each in ("qemu-ga", "mkfs.ext4", "mkfs.xfs", "losetup", "unshare", "awk")
        if not shutil.which(each)
    ]
    return "root" if os.geteuid() else ", ".join(lacking)
