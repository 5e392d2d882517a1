"""From a block device down to the LUNs under it.

What can be resolved is what keeps still while its file system is frozen: disks, partitions, multipath, loop
devices, plain (linear or striped) logical volumes, encryption, md arrays at rest. What moves blocks by itself
(thin pools, caches, old-style snapshots, mirrors of LVM, arrays that are being rebuilt) could be cut in two
states at once: its LUNs are reported, so that none goes unseen, but it is never complete.

The forms of device mapper's UUIDs are those of LVM2, multipath-tools, kpartx and cryptsetup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.hosts.linux.block_device import BlockDevice
from orchestrator.hosts.linux.loop_file import backing_of
from orchestrator.hosts.linux.lun_ids import canonical, kernel_lun_ids, of_multipath_name, udev_lun_ids
from orchestrator.model.hosts import HostLun

_MULTIPATH: Final = "mpath-"
_KPARTX: Final = re.compile(r"part[0-9]+-.+")
_LOGICAL_VOLUME: Final = re.compile(r"LVM-(?P<vg>.{32})(?P<lv>.{32})(?P<layer>-.+)?")
# Others (verity, integrity, helpers of a re-encryption under way) write or check more than they are given.
_ENCRYPTED: Final = re.compile(r"CRYPT-(LUKS1|LUKS2|PLAIN)-.*")
_STILL_LEVELS: Final = frozenset({"raid0", "linear"})
_REDUNDANT_LEVELS: Final = frozenset({"raid1", "raid4", "raid5", "raid6", "raid10"})


@dataclass(frozen=True, slots=True)
class Backing:
    """What lies under a device.

    Attributes:
        luns: every LUN that was identified, each once.
        complete: whether they are all there is, and stay one whole while the file system is frozen.
        managed: whether a volume manager (LVM, md) decides what lies where.
    """

    luns: tuple[HostLun, ...] = ()
    complete: bool = False
    managed: bool = False


def united(backings: Iterable[Backing], *, complete: bool = True, managed: bool = False) -> Backing:
    """Return several as one: complete if each is, there is one at all, and nothing else speaks against it."""
    every = tuple(backings)
    return Backing(
        luns=tuple(dict.fromkeys(lun for backing in every for lun in backing.luns)),
        complete=complete and bool(every) and all(backing.complete for backing in every),
        managed=managed or any(backing.managed for backing in every),
    )


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves the devices of one machine.

    Attributes:
        root: where /proc, /sys and /dev are.
        udev: names in /dev/disk/by-id, by the kernel's name of the device.
    """

    root: Path
    udev: Mapping[str, tuple[str, ...]]

    def under(self, device: BlockDevice) -> Backing:
        """Return what lies under a device."""
        disk = device.disk
        if (disk.folder / "dm").is_dir():
            return self._mapped(disk)
        if (disk.folder / "md").is_dir():
            return self._md_array(disk)
        if (disk.folder / "loop").is_dir():
            return self._loop(disk)
        if disk.parts:  # bcache and whatever else stands on other devices
            return self._parts(disk, complete=False)
        lun_ids = self._own_ids(disk)
        return Backing((HostLun(lun_ids),), complete=True) if lun_ids else Backing()

    def _own_ids(self, disk: BlockDevice) -> tuple[str, ...]:
        return canonical((*kernel_lun_ids(disk), *udev_lun_ids(self.udev.get(disk.name, ()))))

    def _parts(self, device: BlockDevice, *, complete: bool, managed: bool = False) -> Backing:
        return united((self.under(part) for part in device.parts), complete=complete, managed=managed)

    def _loop(self, disk: BlockDevice) -> Backing:
        behind = backing_of(self.root, disk)
        if isinstance(behind, BlockDevice):
            return self.under(behind)
        return Backing((HostLun((behind,)),), complete=True) if behind else Backing()

    def _mapped(self, device: BlockDevice) -> Backing:
        uuid = device.text("dm/uuid")
        if uuid.startswith(_MULTIPATH):
            return self._multipath(device, uuid.removeprefix(_MULTIPATH))
        volume = _LOGICAL_VOLUME.fullmatch(uuid)
        if volume is not None:
            return self._parts(device, complete=_is_plain(volume, device), managed=True)
        alone = len(device.parts) == 1
        return self._parts(
            device, complete=alone and bool(_KPARTX.fullmatch(uuid) or _ENCRYPTED.fullmatch(uuid))
        )

    def _multipath(self, device: BlockDevice, wwid: str) -> Backing:
        """Return the one LUN that all paths lead to, or what they claim if they disagree."""
        paths = self._parts(device, complete=True)
        told = {self._told_by(path) for path in device.parts}
        named = of_multipath_name(wwid)
        agreed = next(iter(told)) if len(told) == 1 else ()
        if not agreed or (named and named not in agreed):
            return united((paths,), complete=False)
        links = (self.udev.get(part.name, ()) for part in (device, *device.parts))
        every = canonical((*agreed, *udev_lun_ids(name for names in links for name in names)))
        return Backing((HostLun(every),), complete=True)

    def _told_by(self, path: BlockDevice) -> tuple[str, ...]:
        # udev links an identity to one of the paths only, so that links alone would never agree.
        return kernel_lun_ids(path) or udev_lun_ids(self.udev.get(path.name, ()))

    def _md_array(self, device: BlockDevice) -> Backing:
        level, members = device.text("md/level"), device.text("md/raid_disks")
        still = level in _STILL_LEVELS or (
            level in _REDUNDANT_LEVELS
            and device.text("md/degraded") == "0"
            and device.text("md/sync_action") == "idle"
        )
        # More devices than members: spares, or a journal that holds what has not reached them.
        return self._parts(device, complete=still and members == str(len(device.parts)), managed=True)


def _is_plain(volume: re.Match[str], device: BlockDevice) -> bool:
    """Tell whether a logical volume lies on physical volumes directly, without layers of its own group."""
    under = (_LOGICAL_VOLUME.fullmatch(part.text("dm/uuid")) for part in device.parts)
    return volume["layer"] is None and not any(one and one["vg"] == volume["vg"] for one in under)
