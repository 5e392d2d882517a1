"""Block devices as sysfs shows them.

Source: the kernel's Documentation/ABI for /sys/block and /sys/dev/block, and sysfs-block-dm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.hosts.linux.attributes import entries_of, text_of


@dataclass(frozen=True, slots=True)
class BlockDevice:
    """A disk, a partition, or a device made of others.

    Attributes:
        folder: its folder in sysfs, without links on the way.
    """

    folder: Path

    @property
    def name(self) -> str:
        """What the kernel calls it ("sda1", "dm-3")."""
        return self.folder.name

    @property
    def path(self) -> str:
        """Where its node stands in /dev; device mapper's under the name its maker gave it."""
        mapped = self.text("dm/name")
        # A name cannot hold a slash, so the kernel writes "cciss!c0d0".
        return f"/dev/mapper/{mapped}" if mapped else f"/dev/{self.name.replace('!', '/')}"

    @property
    def disk(self) -> BlockDevice:
        """The disk it is a partition of, or itself."""
        return BlockDevice(self.folder.parent) if (self.folder / "partition").exists() else self

    @property
    def parts(self) -> tuple[BlockDevice, ...]:
        """The devices it is made of, as far as its driver tells the kernel, by name."""
        return tuple(_devices_in(self.folder / "slaves"))

    def text(self, attribute: str) -> str:
        """Return an attribute, empty where there is none."""
        return text_of(self.folder / attribute)


def device_of_number(root: Path, number: str) -> BlockDevice | None:
    """Return the device with this "major:minor"."""
    link = root / "sys/dev/block" / number
    return BlockDevice(link.resolve()) if link.exists() else None


def devices_of_btrfs(root: Path, source: str) -> tuple[BlockDevice, ...]:
    """Return every device of the btrfs that is mounted from a device; none if that is not certain.

    A btrfs has a device number that belongs to no device, so that only its source leads there.
    """
    wanted = _name_of(root, source)
    every = {folder: tuple(_devices_in(folder / "devices")) for folder in (root / "sys/fs/btrfs").glob("*-*")}
    found = [folder for folder, devices in every.items() if wanted in {device.name for device in devices}]
    if len(found) != 1 or any(text_of(place) == "1" for place in found[0].glob("devinfo/*/missing")):
        return ()
    return every[found[0]]


def _name_of(root: Path, node: str) -> str:
    """Return the kernel's name of the device that a path of a node, or of a link to one, stands for."""
    try:
        name = (root / node.lstrip("/")).resolve().relative_to((root / "dev").resolve()).as_posix()
    except ValueError:
        return ""
    if name.startswith("mapper/"):
        mapped = (root / "sys/class/block").glob("dm-*")
        return next((one.name for one in mapped if text_of(one / "dm/name") == name[len("mapper/") :]), "")
    return name.replace("/", "!")


def _devices_in(folder: Path) -> Iterator[BlockDevice]:
    return (BlockDevice(link.resolve()) for link in entries_of(folder))
