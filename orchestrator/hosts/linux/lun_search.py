"""The devices by which this machine sees one LUN, and the search for LUNs that are new. Blocks.

Source: the kernel's Documentation/ABI for scsi_host (`scan`) and scsi_device (`rescan`, `delete`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.linux.attributes import entries_of, text_of
from orchestrator.hosts.linux.block_device import BlockDevice
from orchestrator.hosts.linux.lun_ids import kernel_lun_ids

_MULTIPATH: Final = "mpath-"
_PARTITION_OF_MULTIPATH: Final = re.compile(r"part[0-9]+-mpath-.+")

# Hosts of a SAN by their transport; a machine without any reaches its LUNs in another way (SAS, virtio).
_TRANSPORTS: Final = ("fc_host", "iscsi_host")
_EVERYTHING: Final = "- - -"  # every channel, target and LUN


@dataclass(frozen=True, slots=True)
class SeenLun:
    """One LUN.

    Attributes:
        paths: disks of the kernel that each lead to it.
        mapped: the multipath device over them; None where there is none.
        parts: its partitions: those of the one path, or device mapper's over the multipath device.
    """

    paths: tuple[BlockDevice, ...]
    mapped: BlockDevice | None
    parts: tuple[BlockDevice, ...]

    @property
    def device(self) -> BlockDevice:
        """The one to read from."""
        return self.mapped or self.paths[0]

    @property
    def readable(self) -> tuple[BlockDevice, ...]:
        """Every device that its bytes, or some of them, can be reached through."""
        return tuple(dict.fromkeys((self.device, *self.parts, *self.paths)))


def find_lun(root: Path, lun_id: str) -> SeenLun | None:
    """Return the devices that the kernel says lead to a LUN, if there are any."""
    every = tuple(BlockDevice(link.resolve()) for link in entries_of(root / "sys/class/block"))
    paths = tuple(disk for disk in every if lun_id in kernel_lun_ids(disk))
    if not paths:
        return None
    mapped = next((one for one in every if _is_multipath_of(one, paths)), None)
    if mapped is None:
        parts = tuple(one for one in every if one.disk in paths and one not in paths)
    else:
        parts = tuple(one for one in every if _is_partition_of(one, mapped))
    return SeenLun(paths, mapped, parts)


def uses_multipath(root: Path) -> bool:
    """Tell whether a multipath device may be expected to turn up over the paths of a new LUN."""
    maps = (root / "sys/class/block").glob("dm-*")
    return any((root / place).exists() for place in ("run/multipathd.pid", "run/multipathd.socket")) or any(
        text_of(one / "dm/uuid").startswith(_MULTIPATH) for one in maps
    )


def scan_for_luns(root: Path) -> None:
    """Let the kernel look for new LUNs, on the hosts that lead to a SAN if there are such.

    Raises:
        HostError: `host.not-permitted`.
    """
    every = entries_of(root / "sys/class/scsi_host")
    san = {one.name for kind in _TRANSPORTS for one in entries_of(root / "sys/class" / kind)}
    for host in [one for one in every if one.name in san] or every:
        tell(host / "scan", _EVERYTHING)


def look_again(lun: SeenLun) -> None:
    """Let the kernel ask the array again who is there: it keeps what it was told when it found the LUN.

    Raises:
        HostError: `host.not-permitted`.
    """
    for path in lun.paths:
        tell(path.folder / "device/rescan", "1")


def delete_paths(lun: SeenLun) -> bool:
    """Take the disks of a LUN away; tell whether the kernel can do that with each of them (SCSI).

    Raises:
        HostError: `host.not-permitted`.
    """
    return all([tell(path.folder / "device/delete", "1") for path in lun.paths])


def tell(place: Path, text: str) -> bool:
    """Write to an attribute; tell whether it is there. What the device makes of it is seen later.

    Raises:
        HostError: `host.not-permitted`.
    """
    try:
        descriptor = os.open(place, os.O_WRONLY | os.O_CLOEXEC)
    except PermissionError:
        what = f"{place} may not be written to"
        raise HostError("host.not-permitted", what, subject="this machine") from None
    except OSError:
        return False
    try:
        os.write(descriptor, text.encode("ascii"))
    except OSError:  # the device went away, or its driver cannot do that: no LUN comes of it
        return False
    finally:
        os.close(descriptor)
    return True


def devices_on(root: Path, device: BlockDevice) -> Iterator[BlockDevice]:
    """Yield the devices that are made of this one."""
    for link in entries_of(root / "sys/class/block"):
        other = BlockDevice(link.resolve())
        if device in other.parts:
            yield other


def _is_multipath_of(device: BlockDevice, paths: tuple[BlockDevice, ...]) -> bool:
    """Tell whether a device stands on these paths and on nothing else."""
    multipath = device.text("dm/uuid").startswith(_MULTIPATH)
    return multipath and bool(device.parts) and set(device.parts) <= set(paths)


def _is_partition_of(device: BlockDevice, mapped: BlockDevice) -> bool:
    return device.parts == (mapped,) and bool(_PARTITION_OF_MULTIPATH.fullmatch(device.text("dm/uuid")))
