"""iSCSI targets on loopback (Debian's tgt), with a control socket of their own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.lab.real.child import program
from tests.e2e.children import wait_until
from tests.e2e.guest import path_of
from tests.e2e.promise import NotAsPromised

NAMES: Final = "iqn.2024-01.test.quiesce"
ADDRESS: Final = "127.0.0.1"
START_S: Final = 10.0
ADMIN_S: Final = 10.0


@dataclass(frozen=True)
class Target:
    """What one machine logs in to: its LUNs, and nobody else's."""

    server: TargetServer
    name: str
    number: int

    def add(self, lun: int, file: Path, *, read_only: bool) -> None:
        """Make a LUN of a file or device. LUN 0 is tgt's own."""
        unit = ("--mode", "logicalunit", "--tid", str(self.number), "--lun", str(lun))
        self.server.order("--op", "new", *unit, "--backing-store", str(file))
        if read_only:
            self.server.order("--op", "update", *unit, "--params", "readonly=1")


@dataclass
class TargetServer:
    """A daemon that serves targets."""

    port: int
    socket: Path
    _targets: int = 0

    @contextmanager
    def target(self, machine: str) -> Iterator[Target]:
        """Serve a target for the length of the block.

        One for each machine: every LUN that comes or goes is announced to all who use the same target, and a
        disk that has been idle for long gets so many of these at once that its next write fails.
        """
        self._targets += 1
        target = Target(self, f"{NAMES}:{machine}", self._targets)
        own = ("--mode", "target", "--tid", str(target.number))
        self.order("--op", "new", *own, "--targetname", target.name)
        try:
            # Every initiator is let in: the server listens on loopback only.
            self.order("--op", "bind", *own, "--initiator-address", "ALL")
            yield target
        finally:
            self.complaint("--op", "delete", *own, "--force")  # nothing of ours depends on it any more

    def order(self, *words: str) -> None:
        """Give the daemon an order.

        Raises:
            NotAsPromised: it did not obey.
        """
        if complaint := self.complaint(*words):
            raise NotAsPromised(f"tgtadm {' '.join(words)}: {complaint}")

    def complaint(self, *words: str) -> str:
        """Give the daemon an order, and return why it did not obey; empty if it did."""
        command = [str(path_of("tgtadm")), "--lld", "iscsi", *words]
        own = {**os.environ, "TGT_IPC_SOCKET": str(self.socket)}
        try:
            done = subprocess.run(
                command, env=own, capture_output=True, text=True, check=False, timeout=ADMIN_S
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {ADMIN_S:g} s"
        if done.returncode == 0:
            return ""
        return (done.stderr + done.stdout).strip() or f"status {done.returncode}"


@contextmanager
def target_server(folder: Path) -> Iterator[TargetServer]:
    """Run the daemon for the length of the block."""
    server = TargetServer(_free_port(), folder / "tgtd")
    log = folder / "tgtd.log"
    show = ("--op", "show", "--mode", "system")
    command = [
        # It takes no notice of SIGTERM until something else happens to it; not even when we are killed.
        *("setpriv", "--pdeathsig", "KILL", "env", f"TGT_IPC_SOCKET={server.socket}"),
        *(str(path_of("tgtd")), "-f", "--iscsi", f"portal={ADDRESS}:{server.port}"),
    ]
    with program(command, log) as child:
        wait_until(lambda: not server.complaint(*show), child, "iSCSI server", START_S, log)
        try:
            yield server
        finally:
            server.complaint("--op", "delete", "--mode", "system")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        port: int = probe.getsockname()[1]
        return port
