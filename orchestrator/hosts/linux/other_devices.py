"""File systems that keep some of their data on devices besides the one they are mounted from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.attributes import entries_of
from orchestrator.hosts.linux.block_device import BlockDevice
from orchestrator.hosts.linux.mounts import Mount

_EXT: Final = frozenset({"ext2", "ext3", "ext4"})
_ON_ONE_DEVICE: Final = frozenset({"vfat", "exfat", "ntfs3", "iso9660", "udf", "squashfs"})
_XFS_DEVICES: Final = ("logdev=", "rtdev=")  # xfs(5)


def lies_on_these_alone(root: Path, mount: Mount, devices: Sequence[BlockDevice]) -> bool:
    """Tell whether a file system is known to lie on these devices and no other. Unknown kinds are not."""
    match mount.kind:
        case "btrfs":
            return True
        case "xfs":
            return not any(option.startswith(_XFS_DEVICES) for option in mount.options)
        case kind if kind in _EXT:
            return not any(_journals_elsewhere(root, device.name) for device in devices)
        case kind:
            return kind in _ON_ONE_DEVICE


def _journals_elsewhere(root: Path, name: str) -> bool:
    """Tell whether an ext file system may be one of those whose journal has a device of its own.

    jbd2 names a journal inside a file system "sdb1-8" after its inode, and another after its device. Which
    file system such a one belongs to is told nowhere: any without a journal inside may be the one.
    """
    journals = root / "proc/fs/jbd2"
    if any(journals.glob(f"{name}-[0-9]*")):
        return False
    return any((root / "sys/class/block" / journal.name).exists() for journal in entries_of(journals))
