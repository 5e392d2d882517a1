"""Clones that an array presents to this machine: found by LUN identity, made read-only, and let go again.

The array knows when it has presented a LUN, not when a machine sees it: the machine has to look for it. A LUN
that is withdrawn while the machine still has devices for it leaves them behind, leading nowhere, and what is
presented under the same number next would hide behind them. So they are deleted first.
"""

from __future__ import annotations

import asyncio
import socket
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from orchestrator.errors import ArrayRejected, HostError
from orchestrator.hosts.linux.block_device import BlockDevice
from orchestrator.hosts.linux.device_control import DeviceControl
from orchestrator.hosts.linux.lun_search import (
    SeenLun,
    delete_paths,
    devices_on,
    find_lun,
    look_again,
    scan_for_luns,
    uses_multipath,
)
from orchestrator.model.arrays import ArrayVolume, Presentation

VISIBLE_S: Final = 30.0  # until a LUN that was presented is seen
SCAN_EVERY_S: Final = 5.0
LOOK_EVERY_S: Final = 0.2
MULTIPATH_S: Final = 3.0  # until multipathd has made its device, where it runs
LET_GO_S: Final = 2.0  # udev has a device open for a moment whenever something about it changes
GONE_S: Final = 10.0

_DEV: Final = Path("/dev")
_BY_IDENTITY: Final = ("naa.", "eui.")  # what LUNs of arrays are known by; software arrays have no LUNs here


@dataclass(frozen=True, slots=True)
class ThisMachine:
    """The machine that Quiesce runs on.

    Attributes:
        root: where /proc, /sys and /dev are.
        control: what acts on devices.
        name: what messages call it.
        host_name: what others call it.
    """

    root: Path = Path("/")
    control: DeviceControl = field(default_factory=DeviceControl)
    name: str = "this machine"
    host_name: str = field(default_factory=socket.gethostname)

    async def see(self, volume: ArrayVolume, presentation: Presentation) -> Presentation:
        """Wait until this machine sees a clone, make it read-only, and say where it is. Twice is once.

        What is a file or a finished device already is left as it is.

        Raises:
            HostError: `host.lun-not-visible`, `host.lun-not-read-only`, `host.not-permitted`.
        """
        path = Path(presentation.file)
        if presentation.file != presentation.device:  # a software array: it has done everything itself
            return presentation
        try:
            async with asyncio.timeout(VISIBLE_S):
                if not path.is_relative_to(_DEV):
                    return await self._seen_as_file(volume, path)
                lun = await self._found(volume)
        except TimeoutError:
            what = f"{volume.lun_id} has not turned up within {VISIBLE_S:g} s"
            raise HostError("host.lun-not-visible", what, subject=volume.name) from None
        await asyncio.to_thread(self._make_read_only, volume, lun)
        place = await asyncio.to_thread(self._place, lun, presentation.file)
        return Presentation(volume.volume_id, place, place)

    async def forget(self, volume: ArrayVolume) -> None:
        """Delete the devices of a clone, before its array withdraws it. What is not seen is success.

        Raises:
            ArrayRejected: `array.in-use`; it is mounted, part of another device, or open.
            HostError: `host.lun-not-gone`, `host.not-permitted`.
        """
        if not volume.lun_id.startswith(_BY_IDENTITY):
            return
        lun = await asyncio.to_thread(find_lun, self.root, volume.lun_id)
        if lun is None:
            return
        await self._unused(volume, lun)
        if not await asyncio.to_thread(self._delete, volume, lun):
            return  # no SCSI disks: they go when the array withdraws them
        try:
            async with asyncio.timeout(GONE_S):
                while await asyncio.to_thread(find_lun, self.root, volume.lun_id):  # noqa: ASYNC110 - tells nobody
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            what = f"{volume.lun_id} is still there {GONE_S:g} s after its devices were deleted"
            raise HostError("host.lun-not-gone", what, subject=volume.name) from None

    # ---------------------------------------------------------------- seeing

    async def _found(self, volume: ArrayVolume) -> SeenLun:
        """Look, scan now and then, and give multipathd a moment."""
        loop = asyncio.get_running_loop()
        scan_at, settled_at = loop.time(), 0.0
        while True:
            lun = await asyncio.to_thread(self._look, volume.lun_id)
            if lun is not None:
                settled_at = settled_at or loop.time() + MULTIPATH_S
                expected = lun.mapped is None and await asyncio.to_thread(uses_multipath, self.root)
                if not expected or loop.time() >= settled_at:
                    await asyncio.to_thread(look_again, lun)
                    lun = await asyncio.to_thread(self._look, volume.lun_id)
                    if lun is not None:
                        return lun
            elif loop.time() >= scan_at:
                await asyncio.to_thread(scan_for_luns, self.root)
                scan_at = loop.time() + SCAN_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)

    def _look(self, lun_id: str) -> SeenLun | None:
        """Find a LUN whose node stands in /dev."""
        lun = find_lun(self.root, lun_id)
        return lun if lun is not None and self._node(lun.device).exists() else None

    async def _seen_as_file(self, volume: ArrayVolume, path: Path) -> Presentation:
        """Wait for what stands in for a device in the lab: a link, named by identity, to a file."""
        if path.name != f"wwn-0x{volume.lun_id.removeprefix('naa.')}":
            what = f"{path} is not the name of {volume.lun_id}"
            raise HostError("host.lun-not-visible", what, subject=volume.name)
        while not await asyncio.to_thread(_is_file, path):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(LOOK_EVERY_S)
        return Presentation(volume.volume_id, str(path))

    def _make_read_only(self, volume: ArrayVolume, lun: SeenLun) -> None:
        for device in lun.readable:
            try:
                if self.control.make_read_only(self._node(device)):
                    continue
                reason = "the kernel does not say that it is"
            except OSError as error:
                reason = error.strerror or "it cannot be opened"
            what = f"{device.path} cannot be made read-only: {reason}"
            raise HostError("host.lun-not-read-only", what, subject=volume.name)

    def _place(self, lun: SeenLun, link: str) -> str:
        """Return where to read a LUN: udev's link to it, if it leads there."""
        linked = (self.root / link.lstrip("/")).resolve().name == lun.device.name
        return link if linked else lun.device.path

    # ---------------------------------------------------------------- letting go

    async def _unused(self, volume: ArrayVolume, lun: SeenLun) -> None:
        """Wait a moment until nobody uses a LUN."""
        use = await asyncio.to_thread(self._use_of, lun)
        for _ in range(int(LET_GO_S / LOOK_EVERY_S)):
            if not use:
                return
            await asyncio.sleep(LOOK_EVERY_S)
            use = await asyncio.to_thread(self._use_of, lun)
        if use:
            raise ArrayRejected(use, subject=volume.name, code="array.in-use")

    def _use_of(self, lun: SeenLun) -> str:
        """Say who uses a LUN; empty if nobody does. That multipathd has its paths open is no use of it."""
        used = (lun.device, *lun.parts)
        for device in used:
            for other in devices_on(self.root, device):
                if other not in used:
                    return f"{device.path} is part of {other.path}"
        # Device mapper's partitions claim what they lie on; the kernel's own are claimed through their disk.
        for device in (lun.mapped is not None and lun.parts) or (lun.device,):
            if self.control.is_claimed(self._node(device)):
                return f"{device.path} is mounted, or part of another device"
        holder = self.control.holder({device.text("dev") for device in used})
        return f"{holder} has {lun.device.path} open" if holder else ""

    def _delete(self, volume: ArrayVolume, lun: SeenLun) -> bool:
        """Take the devices away, the multipath device first: without its paths it would wait for them."""
        self.control.flush(self._node(lun.device))
        if lun.mapped is not None:
            complaint = self.control.drop_multipath(lun.mapped.text("dm/name"))
            if complaint:
                raise ArrayRejected(complaint, subject=volume.name, code="array.in-use")
        return delete_paths(lun)

    def _node(self, device: BlockDevice) -> Path:
        return self.root / device.path.lstrip("/")


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False
