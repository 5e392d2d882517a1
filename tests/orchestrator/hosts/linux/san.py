"""A Linux machine made of files, on a SAN."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.hosts.linux.device_control import DeviceControl
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.model.arrays import ArrayVolume, Presentation
from tests.orchestrator.hosts.linux.machine import PURE, Machine, write

CLONE = ArrayVolume("clone-id", "qsc-abc234-run4567abc-1-1", PURE, 0, ours=True)
BY_ID = f"/dev/disk/by-id/wwn-0x{PURE.removeprefix('naa.')}"
PROMISED = Presentation(CLONE.volume_id, BY_ID, BY_ID)


@dataclass(frozen=True)
class FakeControl(DeviceControl):
    """What is asked of devices, noted down in its order."""

    asked: list[str] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)
    stubborn: set[str] = field(default_factory=set)
    complaint: str = ""
    on_drop: list[Callable[[], None]] = field(default_factory=list)

    def make_read_only(self, node: Path) -> bool:
        self.asked.append(f"read-only {node.name}")
        if node.name in self.stubborn:
            raise PermissionError(1, "Operation not permitted")
        return True

    def flush(self, node: Path) -> None:
        self.asked.append(f"flush {node.name}")

    def is_claimed(self, node: Path) -> bool:
        return node.name in self.claimed

    def holder(self, numbers: Collection[str]) -> str:
        found = {number for number in numbers if number in self.claimed}
        return "reader (4242)" if found else ""

    def drop_multipath(self, name: str) -> str:
        self.asked.append(f"drop {name}")
        for act in self.on_drop:
            act()
        return self.complaint


class San(Machine):
    """Hosts of the SAN are named in the order in which they are made."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.control = FakeControl()
        self.machine = ThisMachine(root, self.control)

    def scsi_host(self, name: str, transport: str = "") -> Path:
        scan = self.root / "sys/class/scsi_host" / name / "scan"
        write(scan, "")
        if transport:
            write(self.root / "sys/class" / transport / name / "speed", "16 Gbit")
        return scan

    def scanned(self) -> set[str]:
        """Return the names of the hosts on which LUNs were looked for."""
        hosts = (self.root / "sys/class/scsi_host").glob("*/scan")
        return {scan.parent.name for scan in hosts if scan.read_text().startswith("- - -")}

    def path(self, name: str, wwid: str = PURE) -> None:
        """Make a SCSI disk, with its node."""
        self.disk(name, device__wwid=wwid, device__delete="", device__rescan="")
        write(self.root / "dev" / name, "")

    def multipath(self, name: str, paths: Collection[str]) -> None:
        """Make a multipath device, with its node."""
        self.mapped(name, f"mpath-3{PURE.removeprefix('naa.')}", list(paths), dm_name="mpatha")
        write(self.root / "dev/mapper/mpatha", "")

    def deleted(self) -> list[str]:
        """Return the disks that the kernel was told to delete."""
        files = self.root.glob("sys/devices/*/block/*/device/delete")
        return sorted(file.parent.parent.name for file in files if file.read_text().startswith("1"))

    def remove(self, name: str) -> None:
        """Let a device go, as the kernel does."""
        folder = self._folders.pop(name)
        number = (folder / "dev").read_text().strip()
        for link in (self.root / "sys/dev/block" / number, self.root / "sys/class/block" / name):
            link.unlink()
        shutil.rmtree(folder)
