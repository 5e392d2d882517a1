"""The file systems of a Linux machine, down to the LUNs they lie on. Blocking, reads only.

Only what this process's mount namespace shows is seen: not what is mounted in a container alone, nor swap
space, nor what a program uses without a file system.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.hosts.linux.backing import Resolver, united
from orchestrator.hosts.linux.block_device import BlockDevice, device_of_number, devices_of_btrfs
from orchestrator.hosts.linux.lun_ids import udev_names
from orchestrator.hosts.linux.mounts import Mount, reachable, read_mounts
from orchestrator.hosts.linux.other_devices import lies_on_these_alone
from orchestrator.model.hosts import DiskLayout, HostVolume


@dataclass(frozen=True, slots=True)
class HostFileSystem:
    """One file system (superblock), however often it is mounted.

    Attributes:
        volume: its name is the path of its device ("/dev/sdb1", "/dev/mapper/vg-lv"). Its mount points are
            those that a path can reach, the ones that show all of it first, then those that show a folder
            or subvolume of it, then single files: whatever lies under any of them lies on this file system,
            unless another is mounted further down. Empty when others are mounted over all of them; it still
            takes up its LUNs.
        kind: as the kernel calls it ("ext4").
        st_devs: by mount point, what `os.stat` says of it: the same for all, but on btrfs, where each
            subvolume has its own.
    """

    volume: HostVolume
    kind: str
    st_devs: Mapping[str, int]


def linux_survey(root: Path = Path("/")) -> tuple[HostFileSystem, ...]:
    """Return every mounted file system that lies on block devices, in the order of their mounts.

    Args:
        root: where /proc, /sys, /dev and the mount points are.

    Raises:
        HostError: `host.survey-failed`: the kernel's list of mounts cannot be read.
    """
    mounts = read_mounts(root)
    visible = reachable(mounts)
    resolver = Resolver(root, udev_names(root))
    by_superblock: dict[str, list[Mount]] = {}
    for mount in mounts:
        if not mount.device_number.startswith("0:") or mount.kind == "btrfs":
            by_superblock.setdefault(mount.device_number, []).append(mount)
    return tuple(_file_system(resolver, same, visible) for same in by_superblock.values())


def _file_system(resolver: Resolver, mounts: Sequence[Mount], visible: frozenset[int]) -> HostFileSystem:
    first, devices = mounts[0], _devices(resolver.root, mounts[0])
    backing = united(
        (resolver.under(device) for device in devices),
        complete=lies_on_these_alone(resolver.root, first, devices),
        managed=len(devices) > 1,
    )
    st_devs = _st_devs(resolver.root, (mount for mount in mounts if mount.mount_id in visible))
    volume = HostVolume(
        name=devices[0].path if devices else first.source,
        mount_points=tuple(st_devs),
        luns=backing.luns,
        layout=DiskLayout.LVM if backing.managed else DiskLayout.BASIC,
        complete=backing.complete,
    )
    return HostFileSystem(volume, first.kind, st_devs)


def _devices(root: Path, mount: Mount) -> tuple[BlockDevice, ...]:
    if mount.kind == "btrfs":
        return devices_of_btrfs(root, mount.source)
    device = device_of_number(root, mount.device_number)
    return () if device is None else (device,)


def _st_devs(root: Path, mounts: Iterable[Mount]) -> dict[str, int]:
    """Return what stat says of each mount point: where all of it is seen first, single files last."""
    found = []
    for mount in mounts:
        try:
            st_dev, is_folder = _looked_at(root, mount)
        except OSError:  # it went away meanwhile, or this process may not go there
            continue
        found.append((mount.shown != "/", not is_folder, mount.mount_point, st_dev))
    return {place: st_dev for _, _, place, st_dev in sorted(found, key=lambda one: one[:2])}


def _looked_at(root: Path, mount: Mount) -> tuple[int, bool]:
    """Return what stat says of a mount point: its device, and whether it is a folder."""
    if mount.kind.startswith("fuse"):  # a server that hangs would keep us waiting
        return os.makedev(*map(int, mount.device_number.split(":"))), True
    status = (root / mount.mount_point.lstrip("/")).stat()
    return status.st_dev, stat.S_ISDIR(status.st_mode)
