"""A virtual machine without hardware help: its disks are LUNs, its serial console is a file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.lab.real.child import program
from tests.e2e.children import tail_of, wait_until
from tests.e2e.guest import path_of
from tests.e2e.iscsi_targets import ADDRESS, NAMES, Target, TargetServer
from tests.e2e.promise import NotAsPromised

BOOT_S: Final = 120.0  # emulated processors: 3 to 10 s, and far more on a machine that has other work
MEMORY_MIB: Final = 256


@dataclass(frozen=True)
class Disk:
    """A LUN as one disk of a guest.

    Attributes:
        name: what the guest mounts it as.
        file: of the array, or a device; where its bytes are.
        serial: what the disk says of itself; 20 characters at most.
    """

    name: str
    file: Path
    serial: str
    read_only: bool = False


@dataclass(frozen=True)
class Boot:
    """What every guest starts from."""

    image: Path
    first_file_system: Path
    server: TargetServer
    folder: Path


@dataclass(frozen=True)
class Machine:
    """One that runs."""

    name: str
    process: subprocess.Popen[bytes]
    console: Path
    messages: Path

    def wait_for(self, line: str, within_s: float = BOOT_S) -> None:
        """Wait until the guest has said this line.

        Raises:
            NotAsPromised: it has not, with the end of its console.
        """
        what = f"{line!r} on the console of the {self.name} VM"
        wait_until(lambda: line in self.said(), self.process, what, within_s, self.messages, self.console)

    def wait_for_end(self, within_s: float) -> None:
        """Wait until the guest has switched itself off.

        Raises:
            NotAsPromised: it has not.
        """
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise NotAsPromised(f"the {self.name} VM did not switch itself off in {within_s:g} s") from None

    def tail(self) -> str:
        """Return the end of all that the machine had to say."""
        return "\n".join(map(tail_of, (self.messages, self.console)))

    def said(self) -> list[str]:
        """Return what the guest's script has said so far."""
        if not self.console.exists():
            return []
        lines = self.console.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line.removeprefix("guest: ") for line in lines if line.startswith("guest: ")]


@contextmanager
def machine(
    name: str, role: str, boot: Boot, disks: Sequence[Disk], agent: Path | None = None
) -> Iterator[Machine]:
    """Run a virtual machine, and the target with its LUNs, for the length of the block."""
    console, messages = (boot.folder / f"{name}.{kind}.log" for kind in ("console", "qemu"))
    words = {"NAME": name, "ROLE": role, "DISKS": ",".join(f"{disk.name}={disk.serial}" for disk in disks)}
    command = [
        # Without its disks it does not end by SIGTERM, and when we are killed they are gone as soon as it is.
        *("setpriv", "--pdeathsig", "KILL"),
        *(str(path_of("qemu-system-x86_64")), "-nodefaults", "-display", "none", "-no-reboot"),
        *("-accel", "tcg", "-m", str(MEMORY_MIB), "-serial", f"file:{console}"),
        *("-kernel", str(boot.image), "-initrd", str(boot.first_file_system)),
        *("-append", _kernel_line(words)),
    ]
    if agent is not None:
        command += _agent_options(agent)
    with boot.server.target(name) as target:
        for lun, disk in enumerate(disks, start=1):
            target.add(lun, disk.file, read_only=disk.read_only)
            command += _disk_options(disk, lun, target)
        with program(command, messages) as process:
            yield Machine(name, process, console, messages)


def _kernel_line(words: Mapping[str, str]) -> str:
    # What the kernel does not know itself, it puts into the environment of the first process.
    return " ".join(["console=ttyS0 quiet panic=-1", *(f"{key}={value}" for key, value in words.items())])


def _disk_options(disk: Disk, lun: int, target: Target) -> list[str]:
    node = {
        "driver": "iscsi",
        "transport": "tcp",
        "portal": f"{ADDRESS}:{target.server.port}",
        "target": target.name,
        "lun": lun,
        "initiator-name": f"{NAMES}:initiator",
        "node-name": disk.name,
        "read-only": "on" if disk.read_only else "off",
    }
    return [
        *("-blockdev", ",".join(f"{key}={value}" for key, value in node.items())),
        *("-device", f"virtio-blk-pci,drive={disk.name},serial={disk.serial}"),
    ]


def _agent_options(path: Path) -> list[str]:
    return [
        *("-chardev", f"socket,path={path},server=on,wait=off,id=agent"),
        *("-device", "virtio-serial-pci"),
        *("-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"),
    ]
