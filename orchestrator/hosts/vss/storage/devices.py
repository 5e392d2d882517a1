"""What is asked of the system about volumes and disks: raw answers, for others to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Devices(Protocol):
    """The volumes and disks of a machine. What it does not answer raises `OSError`."""

    def volumes(self) -> Sequence[str]:
        r"""Return the unique names of all volumes, `\\?\Volume{GUID}\`."""

    def mount_points(self, volume: str) -> Sequence[str]:
        r"""Return where paths of a volume's files begin, each with `\` at its end."""

    def disk_extents(self, volume: str) -> bytes:
        """Return VOLUME_DISK_EXTENTS."""

    def drive_layout(self, disk: int) -> bytes:
        """Return DRIVE_LAYOUT_INFORMATION_EX."""

    def device_descriptor(self, disk: int) -> bytes:
        """Return STORAGE_DEVICE_DESCRIPTOR: bus type, and what page 80h says."""

    def device_ids(self, disk: int) -> bytes:
        """Return STORAGE_DEVICE_ID_DESCRIPTOR: what page 83h says."""
