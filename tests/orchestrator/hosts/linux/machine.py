"""A tree of files that looks like a Linux machine's /proc, /sys and /dev."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.survey import HostFileSystem, linux_survey

VG: Final = "Xx3sgvYpU2JXyqEhcB5mNp0dCqBnkZ7R"
PURE: Final = "naa.624a9370d2bdf73b4e4d4f2a00011001"
OTHER: Final = "naa.624a9370d2bdf73b4e4d4f2a00011002"


def logical_volume(letter: str, layer: str = "", group: str = VG) -> str:
    """Return device mapper's UUID of a logical volume."""
    return f"LVM-{group}{letter * 32}{layer}"


class Machine:
    """Devices get their numbers in the order in which they are made."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines: list[str] = []
        self._folders: dict[str, Path] = {}

    def disk(self, name: str, **attributes: str) -> None:
        """Make a disk; `device__wwid` is the attribute device/wwid."""
        self._device(name, self.root / "sys/devices/pci0000:00/block" / name, attributes)

    def lun(self, name: str, wwid: str) -> None:
        self.disk(name, device__wwid=wwid)

    def partition(self, disk: str, name: str) -> None:
        self._device(name, self._folders[disk] / name, {"partition": name[-1]})

    def made_of(self, name: str, parts: Sequence[str], **attributes: str) -> None:
        """Make a device that stands on others."""
        folder = self.root / "sys/devices/virtual/block" / name
        self._device(name, folder, attributes)
        (folder / "slaves").mkdir()
        for part in parts:
            link(folder / "slaves" / part, self._folders[part])

    def mapped(self, name: str, uuid: str, parts: Sequence[str], dm_name: str = "") -> None:
        self.made_of(name, parts, dm__uuid=uuid, dm__name=dm_name or f"map-{name}")

    def logical_volume(self, name: str, letter: str, parts: Sequence[str], layer: str = "") -> None:
        self.mapped(name, logical_volume(letter, layer), parts)

    def loop(self, name: str, backing_file: str) -> None:
        self.made_of(name, (), loop__backing_file=backing_file, loop__offset="0")

    def md(self, name: str, parts: Sequence[str], level: str, **attributes: str) -> None:
        told = {"md__level": level, "md__raid_disks": str(len(parts)), **attributes}
        self.made_of(name, parts, **told)

    def by_id(self, name: str, device: str) -> None:
        folder = self.root / "dev/disk/by-id"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(f"../../{device}")

    def btrfs(self, uuid: str, devices: Sequence[str], missing: bool = False) -> None:
        folder = self.root / "sys/fs/btrfs" / uuid
        (folder / "devices").mkdir(parents=True)
        for name in devices:
            link(folder / "devices" / name, self._folders[name])
        write(folder / "devinfo/1/missing", "0")
        write(folder / "devinfo/2/missing", "1" if missing else "0")

    def mount(
        self,
        device: str,
        mount_point: str,
        *,
        shown: str = "/",
        parent: int = 1,
        kind: str = "xfs",
        number: str = "",
        source: str = "",
        options: str = "rw",
        tags: str = "shared:1 ",
    ) -> int:
        """Mount a device, or what has a number but no device, and return the id of the mount."""
        mount_id = 10 + len(self._lines)
        number = number or (self._folders[device] / "dev").read_text().strip()
        source = source or f"/dev/{device}"
        self._lines.append(
            f"{mount_id} {parent} {number} {shown} {mount_point} rw {tags}- {kind} {source} {options}\n"
        )
        plain = mount_point.replace("\\040", " ").replace("\\134", "\\").replace("\\012", "\n")
        (self.root / plain.lstrip("/")).mkdir(parents=True, exist_ok=True)
        write(self.root / "proc/self/mountinfo", "".join(self._lines))
        return mount_id

    def survey(self) -> tuple[HostFileSystem, ...]:
        return linux_survey(self.root)

    def only(self) -> HostFileSystem:
        (found,) = self.survey()
        return found

    def luns_of(self, device: str) -> tuple[list[tuple[str, ...]], bool]:
        """Mount a device and return the identities of the LUNs under it, and whether they are all."""
        self.mount(device, "/data")
        volume = self.only().volume
        return [lun.lun_ids for lun in volume.luns], volume.complete

    def _device(self, name: str, folder: Path, attributes: Mapping[str, str]) -> None:
        number = f"8:{len(self._folders)}"
        self._folders[name] = folder
        for attribute, text in {"dev": number, **attributes}.items():
            write(folder / attribute.replace("__", "/"), text)
        link(self.root / "sys/dev/block" / number, folder)
        link(self.root / "sys/class/block" / name, folder)


def write(place: Path, text: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text if text.endswith("\n") else f"{text}\n")


def link(place: Path, target: Path) -> None:
    """Make a relative link, as sysfs has them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent))
