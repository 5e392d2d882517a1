"""The real `qemu-storage-daemon`: LUNs in a folder, each shown as a file for a loop device to lie on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from orchestrator.lab.real.child import await_ready, end, start
from orchestrator.lab.real.file_systems import mount_points_under, run
from orchestrator.lab.real.monitor import Monitor, monitor


@dataclass(frozen=True, slots=True)
class Newest:
    """What an export shows: the node that is written to, and its file."""

    node_name: str
    file: Path


class StorageDaemon:
    """One that serves LUNs. Use `storage_daemon`.

    Attributes:
        home: its folder. Of each LUN it holds `<id>.raw`, the bytes it began with, and `exports/<id>`, what
            the host uses; the node of the former is `<id>-base`.
        socket: its QMP monitor, for one client at a time.
    """

    def __init__(self, home: Path, luns: Mapping[str, int]) -> None:
        self.home = home
        self.socket = home / "qmp.sock"
        self.exports = {name: home / "exports" / name for name in luns}
        self._own_socket = home / "own.sock"
        self._log = home / "qemu-storage-daemon.log"
        self._child: subprocess.Popen[bytes] | None = None
        (home / "exports").mkdir(parents=True)
        for name, size_bytes in luns.items():
            self.exports[name].touch()
            with (home / f"{name}.raw").open("xb") as file:
                file.truncate(size_bytes)
        self._nodes = {name: [_raw_node(f"{name}-base", home / f"{name}.raw")] for name in luns}

    @property
    def url(self) -> str:
        """What to register it with."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int:
        """Of its process; 0 when it does not run."""
        return 0 if self._child is None else self._child.pid

    def start(self) -> None:
        """Start the process, and wait until every LUN is there.

        Raises:
            HostError: `lab.child-ended`, `lab.command-failed`.
        """
        self._child = start(self._command(), self._log)
        try:
            await_ready(self._child, lambda: self.ask("query-block-exports"), self._log)
        except BaseException:
            self.stop()
            raise

    def stop(self, *, killed: bool = False) -> None:
        """End the process, and take away what a killed one leaves mounted. Idempotent."""
        if self._child is None:
            return
        if killed:
            self._child.kill()
        end(self._child)
        self._child = None
        for place in mount_points_under(self.home):
            run("umount", "--lazy", str(place))  # a loop device may hold it still

    def restart(self, *, killed: bool = False) -> None:
        """End the process and start it again on the newest overlay of each LUN, with the same node names.

        Raises:
            HostError: `lab.child-ended`, `lab.command-failed`.
        """
        self.remember()
        self.stop(killed=killed)
        self.start()

    def remember(self) -> None:
        """Note the overlays of each LUN as they are now: what a later `start` makes the LUNs of.

        Raises:
            OSError: the daemon does not listen.
            HostError: `lab.command-failed`, with the daemon's words.
        """
        with monitor(self._own_socket) as asked:
            self._nodes = {name: _chain(asked, name) for name in self.exports}

    def ask(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Give one command on the lab's own monitor, behind the provider's back.

        Raises:
            OSError: it does not listen.
            HostError: `lab.command-failed`, with the daemon's words.
        """
        with monitor(self._own_socket) as asked:
            return asked.ask(command, arguments)

    def newest(self, name: str) -> Newest:
        """Return what the export of a LUN shows now.

        Raises:
            OSError: the daemon does not listen.
            HostError: `lab.command-failed`, with the daemon's words.
        """
        with monitor(self._own_socket) as asked:
            node = _chain(asked, name)[-1]
        return Newest(node["node-name"], Path(node["file"]["filename"]))

    def _command(self) -> list[str]:
        command = ["qemu-storage-daemon"]
        for name, path in {"provider": self.socket, "lab": self._own_socket}.items():
            command += ["--chardev", f"socket,id={name},path={path},server=on,wait=off"]
            command += ["--monitor", f"chardev={name}"]
        for name, nodes in self._nodes.items():
            for node in nodes:
                command += ["--blockdev", json.dumps(node)]
            export = {"type": "fuse", "id": name, "node-name": nodes[-1]["node-name"]}
            export |= {"mountpoint": str(self.exports[name]), "writable": True}
            command += ["--export", json.dumps(export)]
        return command


@contextmanager
def storage_daemon(home: Path, luns: Mapping[str, int]) -> Iterator[StorageDaemon]:
    """Start a daemon with LUNs (size in bytes, by id) in a new folder, and end it with the block.

    Nothing may be mounted from its exports any more by then.

    Raises:
        HostError: `lab.child-ended`, `lab.command-failed`.
    """
    daemon = StorageDaemon(home, luns)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


def _raw_node(name: str, path: Path) -> dict[str, Any]:
    return {"driver": "raw", "node-name": name, "file": {"driver": "file", "filename": str(path)}}


def _chain(asked: Monitor, export: str) -> list[dict[str, Any]]:
    """Describe what an export shows, from the raw file up to the newest overlay, as the daemon has it now."""
    shown = {each["id"]: each["node-name"] for each in asked.ask("query-block-exports")}[export]
    nodes = asked.ask("query-named-block-nodes", {"flat": True})
    by_name = {each["node-name"]: each for each in nodes}
    by_file = {each["file"]: each for each in nodes if each["drv"] in ("raw", "qcow2")}
    chain: list[dict[str, Any]] = []
    node = by_name[shown]
    while node["drv"] == "qcow2":
        chain.append({**_raw_node(node["node-name"], node["file"]), "driver": "qcow2"})
        node = by_file[node["backing_file"]]
    chain.append(_raw_node(node["node-name"], node["file"]))
    chain.reverse()
    for below, above in pairwise(chain):
        above["backing"] = below["node-name"]
    return chain
