from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.hosts.linux.loop_file import file_lun_id
from orchestrator.model.hosts import DiskLayout
from tests.orchestrator.hosts.linux.machine import OTHER, PURE, Machine, write

UUID = "0f4c7a1e-2b8d-4c53-9f3a-5e6d7c8b9a01"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.lun("sda", PURE)
    machine.lun("sdb", OTHER)
    return machine


def mount_btrfs(machine: Machine, source: str) -> None:
    machine.mount("", "/data", number="0:40", kind="btrfs", source=source)


def what_is_known(machine: Machine) -> tuple[str, list[str], bool]:
    volume = machine.only().volume
    return volume.name, [lun.lun_id for lun in volume.luns], volume.complete


def test_a_btrfs_lies_on_all_its_devices(machine: Machine) -> None:
    machine.btrfs(UUID, ["sdb", "sda"])
    mount_btrfs(machine, "/dev/sdb")
    assert what_is_known(machine) == ("/dev/sda", [PURE, OTHER], True)
    assert machine.only().volume.layout is DiskLayout.LVM


def test_subvolumes_of_a_btrfs_are_one_file_system(machine: Machine) -> None:
    machine.btrfs(UUID, ["sda"])
    for place, shown in (("/home", "/@home"), ("/srv", "/@srv"), ("/all", "/")):
        machine.mount("", place, shown=shown, number="0:40", kind="btrfs", source="/dev/sda")
    found = machine.only()
    assert found.volume.mount_points == ("/all", "/home", "/srv")
    assert found.volume.layout is DiskLayout.BASIC
    assert list(found.st_devs) == ["/all", "/home", "/srv"]


def test_a_btrfs_without_one_of_its_devices_is_refused(machine: Machine) -> None:
    machine.btrfs(UUID, ["sda"], missing=True)
    mount_btrfs(machine, "/dev/sda")
    assert what_is_known(machine) == ("/dev/sda", [], False)


@pytest.mark.parametrize("source", ["/dev/sdc", "sda", "/data/sda", "none", "/dev/mapper/x"])
def test_a_btrfs_whose_source_leads_nowhere_is_refused(machine: Machine, source: str) -> None:
    machine.btrfs(UUID, ["sda"])
    mount_btrfs(machine, source)
    assert what_is_known(machine) == (source, [], False)


def test_a_btrfs_that_could_be_another_is_refused(machine: Machine) -> None:
    machine.btrfs(UUID, ["sda", "sdb"])
    machine.btrfs(UUID.replace("0", "1"), ["sda"])
    mount_btrfs(machine, "/dev/sda")
    assert what_is_known(machine) == ("/dev/sda", [], False)


def test_a_btrfs_is_found_by_the_name_of_a_map_and_by_a_link(machine: Machine) -> None:
    machine.mapped("dm-0", "CRYPT-LUKS2-x-secret", ["sda"], "secret")
    machine.btrfs(UUID, ["dm-0"])
    mount_btrfs(machine, "/dev/mapper/secret")
    assert what_is_known(machine) == ("/dev/mapper/secret", [PURE], True)
    machine.by_id("dm-name-secret", "dm-0")
    machine.mount("", "/again", number="0:41", kind="btrfs", source="/dev/disk/by-id/dm-name-secret")
    assert [found.volume.luns for found in machine.survey()] == [machine.survey()[0].volume.luns] * 2


@pytest.mark.parametrize("option", ["logdev=/dev/sdb", "rtdev=/dev/sdb"])
def test_an_xfs_with_a_device_of_its_own_for_some_data_is_refused(machine: Machine, option: str) -> None:
    machine.mount("sda", "/data", kind="xfs", options=f"rw,attr2,{option},noquota")
    assert what_is_known(machine) == ("/dev/sda", [PURE], False)


@pytest.mark.parametrize(
    ("journals", "complete"),
    [(["sda-8"], True), ([], True), (["sdb"], False), (["sdb-8"], True), (["sdb", "sda-8"], True)],
)
def test_an_ext4_that_may_have_its_journal_elsewhere_is_refused(
    machine: Machine, journals: list[str], complete: bool
) -> None:
    for journal in journals:
        write(machine.root / "proc/fs/jbd2" / journal / "info", "")
    machine.mount("sda", "/data", kind="ext4")
    assert what_is_known(machine) == ("/dev/sda", [PURE], complete)


@pytest.mark.parametrize(
    ("kind", "complete"), [("vfat", True), ("f2fs", False), ("bcachefs", False), ("fuseblk", False)]
)
def test_kinds_that_might_lie_on_more_devices_are_refused(
    machine: Machine, kind: str, complete: bool
) -> None:
    machine.mount("sda", "/data", kind=kind)
    found = machine.only()
    assert (found.kind, found.volume.complete) == (kind, complete)
    assert found.volume.luns


def test_a_file_shown_as_a_disk_is_known_by_device_and_inode(machine: Machine) -> None:
    write(machine.root / "store/lun 1", "")
    machine.loop("loop0", "/store/lun 1")
    machine.partition("loop0", "loop0p1")
    status = (machine.root / "store/lun 1").stat()
    assert machine.luns_of("loop0p1") == ([(file_lun_id(status),)], True)
    assert file_lun_id(status).endswith(f"-{status.st_ino}")
    assert machine.only().volume.name == "/dev/loop0p1"


def test_a_file_that_is_gone_or_may_be_is_refused(machine: Machine) -> None:
    write(machine.root / "store/lun (deleted)", "")
    machine.loop("loop0", "/store/lun (deleted)")
    assert machine.luns_of("loop0") == ([], False)


@pytest.mark.parametrize("place", ["/store/gone", "/", ""])
def test_what_is_no_file_is_refused(machine: Machine, place: str) -> None:
    machine.loop("loop0", place)
    assert machine.luns_of("loop0") == ([], False)


def test_a_detached_loop_device_has_no_identity(machine: Machine) -> None:
    machine.disk("loop0")
    assert machine.luns_of("loop0") == ([], False)


def test_one_lun_under_two_devices_is_told_once(machine: Machine) -> None:
    machine.partition("sda", "sda1")
    machine.partition("sda", "sda2")
    machine.btrfs(UUID, ["sda1", "sda2"])
    mount_btrfs(machine, "/dev/sda1")
    assert what_is_known(machine) == ("/dev/sda1", [PURE], True)
