"""A real storage daemon with LUNs of its own. It can be killed, stopped, and started on what files say."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

MIB: Final = 1 << 20
SIZE: Final = 8 * MIB


class TestDaemon:
    """LUNs `lun0`, `lun1`, …; `ask` is an admin on a monitor of his own, behind the provider's back."""

    __test__ = False

    def __init__(self, home: Path, count: int = 2) -> None:
        self.home = home
        self.folder = home / "store"
        self.exports = home / "exports"
        self.socket = home / "qmp.sock"
        self.ids = [f"lun{number}" for number in range(count)]
        self._admin = home / "admin.sock"
        self._child: subprocess.Popen[bytes] | None = None
        self.folder.mkdir(parents=True)
        self.exports.mkdir()
        for lun in self.ids:
            (self.exports / lun).touch()
            with (home / f"{lun}.raw").open("xb") as file:
                file.truncate(SIZE)

    @property
    def url(self) -> str:
        """What to register."""
        return f"unix://{self.socket}"

    # ---------------------------------------------------------------- the process

    def start(self) -> None:
        """Start it on the newest overlay of each LUN, as the heads of the files tell."""
        for path in (self.socket, self._admin):
            path.unlink(missing_ok=True)
        self._child = subprocess.Popen(self._command())
        until = time.monotonic() + 10
        while self._child.poll() is None and time.monotonic() < until:
            try:
                self.ask("query-block-exports")
                return
            except OSError:
                time.sleep(0.002)
        raise AssertionError("the daemon does not answer")

    def stop(self, *, killed: bool = False) -> None:
        """End it, by SIGKILL if told so, and unmount what is left."""
        child, self._child = self._child, None
        if child is None:
            return
        child.send_signal(signal.SIGCONT)
        if killed:
            child.kill()
        else:
            child.terminate()
        child.wait(10)
        self.unmount()

    def kill(self) -> None:
        """Kill it and leave everything as it is."""
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def unmount(self) -> None:
        """Take away what a killed daemon has left."""
        for place in mounts_under(self.home):
            run("umount", "--lazy", place)

    def restart(self, *, killed: bool = True) -> None:
        """End it and start it again."""
        self.stop(killed=killed)
        self.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it hang for the length of the block."""
        assert self._child is not None
        self._child.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._child.send_signal(signal.SIGCONT)

    # ---------------------------------------------------------------- its insides

    def ask(self, command: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """Give one command on the admin's own monitor."""
        return say(self._admin, {"execute": command, "arguments": dict(arguments or {})})[-1]

    def chain(self, lun: str) -> list[str]:
        """Return the names of the files that a LUN consists of, the active one first."""
        shown = {row["id"]: row["node-name"] for row in self.ask("query-block-exports")}
        rows = {row["node-name"]: row for row in self.ask("query-named-block-nodes")}
        image, found = rows[shown[lun]]["image"], []
        while image is not None:
            found.append(Path(image["filename"]).name)
            image = image.get("backing-image")
        return found

    def nodes(self) -> set[str]:
        """Return the names of nodes that somebody has named."""
        names = {row["node-name"] for row in self.ask("query-named-block-nodes", {"flat": True})}
        return {name for name in names if not name.startswith("#")}

    def files(self) -> list[str]:
        """Return what there is in the folder, the array's identity left out."""
        every = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(
            str(path.relative_to(self.folder)) for path in every if not path.name.startswith(".quiesce")
        )

    def image(self, name: str, below: Path, kind: str = "raw") -> None:
        """Make an image by QEMU's own program, in the daemon's home."""
        size = ("-u", str(self.home / name), str(SIZE))
        run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(below), "-F", kind, *size)

    # ---------------------------------------------------------------- its bytes

    def write(self, lun: str, text: str, offset: int = 0) -> None:
        """Write as a host would."""
        descriptor = os.open(self.exports / lun, os.O_RDWR)
        try:
            os.pwrite(descriptor, text.encode().ljust(512, b"."), offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def digest(self, lun: str) -> str:
        """Return a digest of what the host sees."""
        return digest(self.exports / lun)

    def _command(self) -> list[str]:
        command = ["setpriv", "--pdeathsig", "KILL", "qemu-storage-daemon"]
        for name, path in {"provider": self.socket, "admin": self._admin}.items():
            command += ["--chardev", f"socket,id={name},path={path},server=on,wait=off"]
            command += ["--monitor", f"chardev={name}"]
        for lun in self.ids:
            *_, top = nodes = list(self._nodes(lun))
            for node in nodes:
                command += ["--blockdev", json.dumps(node)]
            export = {"type": "fuse", "id": lun, "node-name": top["node-name"]}
            export |= {"mountpoint": str(self.exports / lun), "writable": True}
            command += ["--export", json.dumps(export)]
        return command

    def _nodes(self, lun: str) -> Iterator[dict[str, Any]]:
        """Describe the layers of a LUN from the bottom up: what names a file in its head lies on it."""
        file, name = self.home / f"{lun}.raw", f"{lun}-base"
        yield {"driver": "raw", "node-name": name, "file": {"driver": "file", "filename": str(file)}}
        lies_on = {backing_file(path): path for path in sorted(self.folder.glob("*.qcow2"))}
        number = 0
        while (above := lies_on.get(str(file))) is not None:
            below, number, file = name, number + 1, above
            name = f"{lun}-layer{number}"
            protocol = {"driver": "file", "filename": str(file)}
            yield {"driver": "qcow2", "node-name": name, "file": protocol, "backing": below}


def say(path: Path, *commands: Mapping[str, Any], wait: bool = True) -> list[Any]:
    """Give commands on a monitor, and return the answers; without waiting, none, and hang up at once."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        with connection.makefile("rwb") as stream:
            if not stream.readline():
                raise ConnectionError("no greeting")
            every = ({"execute": "qmp_capabilities"}, *commands)
            stream.write(b"".join(json.dumps(command).encode() + b"\n" for command in every))
            stream.flush()
            answers: list[Any] = []
            while wait and len(answers) < len(every):
                answer = json.loads(stream.readline())
                if "error" in answer:
                    raise AdminRefused(answer["error"]["desc"])
                if "return" in answer:  # anything else is an event
                    answers.append(answer["return"])
            return answers


class AdminRefused(Exception):
    """The daemon said no to a test."""


def run(*command: str) -> str:
    """Run a system program and return what it printed."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def backing_file(path: Path) -> str:
    """Return what an image names in its head, as QEMU's own program reads it."""
    return str(json.loads(run("qemu-img", "info", "-U", "--output", "json", str(path)))["backing-filename"])


def digest(path: Path) -> str:
    """Return a digest of a file or a device."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def daemon(home: Path, count: int = 2) -> Iterator[TestDaemon]:
    """Serve LUNs for the length of the block. No loop device may be left by then."""
    served = TestDaemon(home, count)
    left: Sequence[str] = ()
    try:
        served.start()
        yield served
    finally:
        left = loops_under(home)
        detach(left)
        served.stop()
    assert left == []


def loops_under(home: Path) -> Sequence[str]:
    """Return the loop devices over files in a folder."""
    rows = json.loads(run("losetup", "--list", "--json") or '{"loopdevices": []}')["loopdevices"]
    return [row["name"] for row in rows if str(row["back-file"]).startswith(f"{home}/")]


def detach(devices: Iterable[str]) -> None:
    """Take loop devices away, where they are still there."""
    for device in devices:
        if Path("/sys/block", Path(device).name, "loop").exists():
            run("losetup", "--detach", device)


def mounts_under(folder: Path) -> Sequence[str]:
    """Return what is mounted in a folder."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [place for line in lines if (place := line.split()[4]).startswith(f"{folder}/")]
