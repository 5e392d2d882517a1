"""The state of one emulated array."""

from __future__ import annotations

import secrets
import threading
from typing import Any, Final
from uuid import uuid4

from orchestrator.plugin import LabOptions
from providers.pure_flasharray.emulator.objects import (
    Admin,
    ArrayVolume,
    Connection,
    Host,
    HostGroup,
    Kept,
    ProtectionGroup,
    ProtectionGroupSnapshot,
    VolumeSnapshot,
)
from providers.pure_flasharray.emulator.shelf import Shelf
from providers.shared.emulation.clock import ArrayClock
from providers.shared.emulation.media import Media

DAY_MS: Final = 86_400_000
CAPACITY_BYTES: Final = 100 << 40


class FlashArray:
    """Everything one array knows.

    What changes it or touches its files runs in worker threads, one at a time, holding `changing`.
    Listings run beside that, on the event loop, and wait for nothing.
    """

    def __init__(self, options: LabOptions, clock: ArrayClock) -> None:
        self.name = options.name
        self.clock = clock
        self.array_id = str(uuid4())
        self.media = Media(options.home)
        self.changing = threading.Lock()
        self.volumes: Shelf[ArrayVolume] = Shelf("Volume")
        self.volume_snapshots: Shelf[VolumeSnapshot] = Shelf("Volume snapshot")
        self.protection_groups: Shelf[ProtectionGroup] = Shelf("Protection group")
        self.protection_group_snapshots: Shelf[ProtectionGroupSnapshot] = Shelf("Protection group snapshot")
        self.hosts: Shelf[Host] = Shelf("Host")
        self.host_groups: Shelf[HostGroup] = Shelf("Host group")
        self.admins: Shelf[Admin] = Shelf("Admin")
        self.connections: list[Connection] = []
        self.idle_timeout_ms = 1_800_000  # half an hour, as the array comes
        self.eradication_delay_ms = DAY_MS
        self.safe_mode = False  # for the whole array: only the vendor's support switches it
        self.next_eradication_ms: int | None = None
        self._serial_prefix = secrets.token_hex(8).upper()
        self._serial_count = 0x11000
        self._suffix_count = 0

    def next_serial(self) -> str:
        """Return a serial that no object of any array has: 24 upper-case hexadecimal digits."""
        self._serial_count += 1
        return f"{self._serial_prefix}{self._serial_count:08X}"

    def next_suffix(self) -> str:
        """Return the array's own suffix for a snapshot that was asked for without one."""
        self._suffix_count += 1
        return str(self._suffix_count)

    def lifetime(self, kept: Kept) -> dict[str, Any]:
        """Return the fields that say whether an object is destroyed and how long it can be recovered."""
        left = None if kept.eradicates_at_ms is None else max(0, kept.eradicates_at_ms - self.clock.now_ms())
        return {"destroyed": kept.destroyed, "time_remaining": left}
