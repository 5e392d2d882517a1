"""A loop device of this machine stands for the LUN: sysfs is made of files, the kernel's answers are real."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.errors import ArrayRejected, HostError
from orchestrator.hosts.linux import lun_devices
from orchestrator.hosts.linux.lun_devices import ThisMachine
from orchestrator.lab.real.file_systems import loop_device, mounted, run
from tests.orchestrator.hosts.linux.machine import PURE, Machine, write
from tests.orchestrator.hosts.linux.san import CLONE, PROMISED

pytestmark = pytest.mark.real


@dataclass
class RealLun:
    machine: ThisMachine
    device: str
    delete: Path


@pytest.fixture
def lun(
    tmp_path: Path, needs_program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[RealLun]:
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    for program in ("mkfs.ext4", "losetup", "mount", "blockdev"):
        needs_program(program)
    monkeypatch.setattr(lun_devices, "LET_GO_S", 0.3)
    monkeypatch.setattr(lun_devices, "LOOK_EVERY_S", 0.05)
    image = tmp_path / "clone.img"
    with image.open("xb") as file:
        file.truncate(16 << 20)
    run("mkfs.ext4", "-q", "-F", str(image))
    with loop_device(image) as device:
        made = Machine(tmp_path / "root")
        made.disk("sdc", device__wwid=PURE, device__delete="")
        number = Path(device).stat().st_rdev
        folder = made.root / "sys/devices/pci0000:00/block/sdc"
        write(folder / "dev", f"{os.major(number)}:{os.minor(number)}")
        (made.root / "dev").mkdir()
        (made.root / "dev/sdc").symlink_to(device)
        run("blockdev", "--setrw", device)
        try:
            yield RealLun(ThisMachine(made.root), device, folder / "device/delete")
        finally:
            run(
                "blockdev", "--setrw", device
            )  # the kernel would keep it for the next file behind this device


def test_nobody_can_write_through_a_device_that_was_seen(lun: RealLun) -> None:
    asyncio.run(lun.machine.see(CLONE, PROMISED))
    asyncio.run(lun.machine.see(CLONE, PROMISED))
    descriptor = os.open(lun.device, os.O_RDWR)  # the kernel refuses the write, not the opening
    try:
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, bytes(4096), 0)
        assert os.pread(descriptor, 2, 1024 + 56) == b"\x53\xef"  # ext4's magic number
    finally:
        os.close(descriptor)


def test_a_device_that_is_mounted_or_open_stays(lun: RealLun, tmp_path: Path) -> None:
    mount = mounted(lun.device, tmp_path / "clone", "ro", "noload")
    with mount, pytest.raises(ArrayRejected, match="is mounted"):
        asyncio.run(lun.machine.forget(CLONE))
    descriptor = os.open(lun.device, os.O_RDONLY)
    try:
        with pytest.raises(ArrayRejected, match=f"\\({os.getpid()}\\) has /dev/sdc open"):
            asyncio.run(lun.machine.forget(CLONE))
    finally:
        os.close(descriptor)
    assert not lun.delete.read_text().strip()


def test_a_device_that_nobody_uses_is_flushed_and_deleted(
    lun: RealLun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lun_devices, "GONE_S", 0.1)
    with pytest.raises(HostError, match="still there"):  # this one stays: it is a loop device
        asyncio.run(lun.machine.forget(CLONE))
    assert lun.delete.read_text().startswith("1")
