"""Host volumes with all that is known of what they lie on, and paths to host volumes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from orchestrator.hosts.vss.requestor.metadata import FileSpec
from orchestrator.hosts.vss.storage.device_ids import lun_ids
from orchestrator.hosts.vss.storage.devices import Devices
from orchestrator.hosts.vss.storage.extents import disks_of
from orchestrator.hosts.vss.storage.layout import layout_of
from orchestrator.model.hosts import DiskLayout, HostLun, HostVolume


def host_volumes(devices: Devices) -> tuple[HostVolume, ...]:
    """Return every volume of the machine. What cannot be found out makes one incomplete, never absent."""
    return tuple(_host_volume(devices, name) for name in devices.volumes())


def home_of(path: str, volumes: Iterable[HostVolume]) -> HostVolume | None:
    """Return the host volume that a path lies on: the one with the longest mount point before it."""
    below = _comparable(path)
    matches = [(len(root), volume) for volume in volumes for root in _roots(volume) if below.startswith(root)]
    return max(matches, key=lambda match: match[0], default=(0, None))[1]


def paths_of(files: Iterable[FileSpec], volumes: Sequence[HostVolume]) -> tuple[str, ...]:
    """Return the paths of files, and those on volumes that are mounted in folders below."""
    found: dict[str, None] = {}
    for file in files:
        found[file.path] = None
        if file.recursive:
            found.update((f"{point}{file.pattern}", None) for point in _mounted_below(file.folder, volumes))
    return tuple(found)


def _mounted_below(folder: str, volumes: Iterable[HostVolume]) -> Iterator[str]:
    root = _comparable(folder).rstrip("\\") + "\\"
    for volume in volumes:
        for point in volume.mount_points:
            if _comparable(point).startswith(root) and _comparable(point) != root:
                yield point


def _roots(volume: HostVolume) -> Iterator[str]:
    for point in (*volume.mount_points, volume.name):
        yield _comparable(point).rstrip("\\") + "\\"


def _comparable(path: str) -> str:
    return path.replace("/", "\\").lower().removeprefix("\\\\?\\")


def _host_volume(devices: Devices, name: str) -> HostVolume:
    try:
        mount_points = tuple(devices.mount_points(name))
    except OSError:
        mount_points = ()
    try:
        disks = disks_of(devices.disk_extents(name))
    except OSError:  # no disk below it: a CD-ROM drive, say
        disks = None
    if disks is None:
        return HostVolume(name, mount_points, (), complete=False)
    looked = [_disk(devices, disk) for disk in disks]
    luns = tuple(dict.fromkeys(lun for lun, _ in looked if lun is not None))
    layouts = {layout for _, layout in looked}
    made_up: set[DiskLayout] = {one for one in layouts if one and one is not DiskLayout.BASIC}
    layout = min(made_up, key=str) if made_up else DiskLayout.BASIC
    # A volume on several disks is a dynamic one, whatever its disks say of themselves.
    if len(disks) > 1 and layout is DiskLayout.BASIC:
        layout = DiskLayout.DYNAMIC
    identified = None not in layouts and all(lun is not None for lun, _ in looked)
    # Below a dynamic volume or a space there may be more disks than its extents tell (mirrors, parity).
    return HostVolume(name, mount_points, luns, layout, identified and layout is DiskLayout.BASIC)


def _disk(devices: Devices, disk: int) -> tuple[HostLun | None, DiskLayout | None]:
    try:
        descriptor = devices.device_descriptor(disk)
        layout = layout_of(devices.drive_layout(disk), descriptor)
    except OSError:
        return None, None
    try:
        device_ids = devices.device_ids(disk)
    except OSError:  # a driver without page 83h
        device_ids = b""
    found = lun_ids(device_ids, descriptor)
    return (HostLun(found) if found else None), layout
