"""What the agent says of file systems and disks, in our words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.errors import BadInput
from orchestrator.hosts.qemu_guest_agent.settings import DeclaredLuns
from orchestrator.model.hosts import Component, DiskLayout, HostLun, HostVolume

# They may lie on more devices than the one that the agent follows down.
MANY_DEVICES: Final = frozenset({"btrfs", "zfs", "bcachefs"})
STORAGE_SPACES: Final = "storage-spaces"


@dataclass(frozen=True, slots=True)
class _Disk:
    """A disk of the guest, as far as the agent tells.

    Attributes:
        keys: what it can be declared by; the first is the best.
        shown: what people call it.
        serial: printable ASCII, or empty.
    """

    keys: tuple[str, ...]
    shown: str
    serial: str = ""


def host_volumes(file_systems: Sequence[Mapping[str, Any]], declared: DeclaredLuns) -> tuple[HostVolume, ...]:
    """Return one host volume a file system, from the answer to `guest-get-fsinfo`.

    Raises:
        BadInput: a declared identity belongs to no disk, or not clearly to one.
    """
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for each in file_systems:
        if _is_path(each["mountpoint"]):
            found[each["name"]].append(each)
    disks = {name: _disks(entries[0]) for name, entries in found.items()}
    _check_declared(declared, [disk for each in disks.values() for disk in each])
    return tuple(_host_volume(name, found[name], disks[name], declared) for name in sorted(found))


def components(volumes: Iterable[HostVolume]) -> tuple[Component, ...]:
    """Return what can be selected: one a file system, called by its first mount point."""
    return tuple(
        Component("", "", volume.name, volume.mount_points[0], True, (_folder(volume.mount_points[0]),))
        for volume in volumes
    )


def volume_under(path: str, volumes: Iterable[HostVolume]) -> HostVolume | None:
    """Return the host volume of a POSIX guest with the longest mount point that a path lies under."""
    folders = [
        (len(folder), volume)
        for volume in volumes
        for folder in map(_folder, volume.mount_points)
        if _folder(path).startswith(folder)
    ]
    return max(folders, key=lambda each: each[0], default=(0, None))[1]


def _host_volume(
    name: str, entries: Sequence[Mapping[str, Any]], disks: Sequence[_Disk], declared: DeclaredLuns
) -> HostVolume:
    lun_ids = [_lun_ids(disk, declared) for disk in disks]
    spaces = any(each["bus-type"] == STORAGE_SPACES for each in entries[0].get("disk", ()))
    layout = DiskLayout.BASIC
    if spaces:
        layout = DiskLayout.STORAGE_SPACES
    elif name.startswith(("dm-", "md")) or len(disks) > 1:
        layout = DiskLayout.LVM
    return HostVolume(
        name=name,
        mount_points=tuple(sorted({each["mountpoint"] for each in entries}, key=lambda at: (len(at), at))),
        luns=tuple(dict.fromkeys(HostLun(found) for found in lun_ids if found)),
        layout=layout,
        complete=all(lun_ids) and not spaces and entries[0]["type"] not in MANY_DEVICES,
    )


def _disks(entry: Mapping[str, Any]) -> tuple[_Disk, ...]:
    """Return the disks of a file system; one known by the file system's device alone if none are told."""
    told = [_disk(each) for each in entry.get("disk", ())]
    if not told:
        return (_Disk((f"name:{entry['name']}",), entry["name"]),)
    return tuple(dict.fromkeys(told))


def _disk(address: Mapping[str, Any]) -> _Disk:
    serial = str(address.get("serial", "")).strip()
    pci = address.get("pci-controller", {})
    device = str(address.get("dev", "")).rpartition("/")[2]
    keys = []
    if serial.isascii() and serial.isprintable() and " " not in serial and serial:
        keys.append(f"serial:{serial}")
    else:
        serial = ""
    if pci and min(pci["domain"], pci["bus"], pci["slot"], pci["function"]) >= 0:  # -1 for what is unknown
        keys.append(f"pci:{pci['domain']:04x}:{pci['bus']:02x}:{pci['slot']:02x}.{pci['function']:x}")
    if not keys and device:
        keys.append(f"name:{device}")  # it may be another disk's after a reboot: for want of better only
    # Disks of one controller share its PCI address, and are told apart by the rest.
    shown = device or f"{address.get('bus-type')} {[address.get(key) for key in ('bus', 'target', 'unit')]}"
    return _Disk(tuple(keys), shown, serial)


def _lun_ids(disk: _Disk, declared: DeclaredLuns) -> tuple[str, ...]:
    ids = [declared.by_key[key] for key in disk.keys if key in declared.by_key]
    if disk.serial:
        ids.append(f"serial.{disk.serial}")
    return tuple(dict.fromkeys(ids))


def _check_declared(declared: DeclaredLuns, disks: Sequence[_Disk]) -> None:
    by_key: dict[str, set[_Disk]] = defaultdict(set)
    for disk in disks:
        for key in disk.keys:
            by_key[key].add(disk)
    for key in declared.by_key:
        if not by_key[key]:
            known = ", ".join(sorted(each for each in by_key if by_key[each])) or "none"
            text = f"No disk of the guest can be told by {key}; these can: {known}."
            raise BadInput("input.bad-settings", text, subject="luns")
        if len(by_key[key]) > 1:
            shown = ", ".join(sorted(disk.shown for disk in by_key[key]))
            raise BadInput("input.bad-settings", f"{key} is true of several disks: {shown}.", subject="luns")


def _is_path(mount_point: str) -> bool:
    r"""Whether it is one: a Windows volume without a path is said to be mounted at "System Reserved"."""
    return mount_point.startswith("/") or mount_point[1:3] == ":\\"


def _folder(mount_point: str) -> str:
    separator = "/" if mount_point.startswith("/") else "\\"
    return mount_point.rstrip(separator) + separator
