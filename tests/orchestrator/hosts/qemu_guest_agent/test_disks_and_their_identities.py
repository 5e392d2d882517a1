"""What the agent says of file systems becomes host volumes; what an admin declares is taken exactly."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from orchestrator.errors import BadInput
from orchestrator.hosts.qemu_guest_agent.mapping import components, host_volumes
from orchestrator.hosts.qemu_guest_agent.settings import DeclaredLuns, GuestAgentSettings
from orchestrator.model.hosts import DiskLayout, HostLun

NOTHING = DeclaredLuns({})


def disk(
    serial: str | None = None, slot: int = -1, dev: str = "", unit: int = 0, **more: Any
) -> dict[str, Any]:
    pci = {
        "domain": 0 if slot >= 0 else -1,
        "bus": 0 if slot >= 0 else -1,
        "slot": slot,
        "function": min(slot, 0),
    }
    found = {"bus-type": "virtio", "bus": 0, "target": 0, "unit": unit, "pci-controller": pci, **more}
    return found | ({"serial": serial} if serial is not None else {}) | ({"dev": dev} if dev else {})


def file_system(name: str, *disks: dict[str, Any], at: str = "/data", kind: str = "ext4") -> dict[str, Any]:
    return {"name": name, "mountpoint": at, "type": kind, "disk": list(disks)}


def test_a_serial_is_an_identity_and_a_declared_one_comes_first() -> None:
    told = [file_system("vda1", disk("ABC", slot=5))]
    (volume,) = host_volumes(told, NOTHING)
    assert volume.luns == (HostLun(("serial.ABC",)),)
    assert volume.complete
    (volume,) = host_volumes(told, DeclaredLuns.parse("serial:ABC=naa.6001"))
    assert volume.luns == (HostLun(("naa.6001", "serial.ABC")),)


@pytest.mark.parametrize("serial", [None, "", "  ", "has space", "ümlaut", "bell\a"])
def test_a_disk_without_a_good_serial_is_unknown_unless_declared(serial: str | None) -> None:
    told = [file_system("vda1", disk(serial, slot=5))]
    (volume,) = host_volumes(told, NOTHING)
    assert volume.luns == ()
    assert not volume.complete
    (volume,) = host_volumes(told, DeclaredLuns.parse("pci:0000:00:05.0=file.7:0-131"))
    assert volume.luns == (HostLun(("file.7:0-131",)),)
    assert volume.complete


def test_a_disk_that_is_told_by_its_name_only_may_be_declared_by_it() -> None:
    (volume,) = host_volumes([file_system("loop0")], NOTHING)
    assert not volume.complete
    (volume,) = host_volumes([file_system("loop0")], DeclaredLuns.parse("name:loop0=file.7:0-131"))
    assert volume.luns == (HostLun(("file.7:0-131",)),)
    assert volume.complete
    (volume,) = host_volumes(
        [file_system("sda1", disk(dev="/dev/sda"))], DeclaredLuns.parse("name:sda=file.7:0-131")
    )
    assert volume.complete


@pytest.mark.parametrize(
    ("told", "declared"),
    [
        (file_system("vda1", disk("ABC", dev="/dev/vda")), "name:vda=naa.6001"),  # it has a serial
        (file_system("vda1", disk(slot=5, dev="/dev/vda")), "name:vda=naa.6001"),  # it has a PCI address
        (file_system("vda1", disk("ABC", slot=5)), "serial:XYZ=naa.6001"),
        (file_system("vda1", disk(slot=5)), "pci:0000:00:06.0=naa.6001"),
        (file_system("loop0"), "name:loop1=naa.6001"),
    ],
)
def test_what_is_declared_of_a_disk_that_cannot_be_told_so_is_an_error(
    told: dict[str, Any], declared: str
) -> None:
    with pytest.raises(BadInput, match="No disk of the guest can be told by") as caught:
        host_volumes([told], DeclaredLuns.parse(declared))
    assert caught.value.code == "input.bad-settings"


def test_a_controller_with_several_disks_does_not_tell_them_apart() -> None:
    told = [
        file_system("sda1", disk(slot=5, dev="/dev/sda", unit=0), at="/a"),
        file_system("sdb1", disk(slot=5, dev="/dev/sdb", unit=1), at="/b"),
    ]
    with pytest.raises(BadInput, match="is true of several disks: sda, sdb"):
        host_volumes(told, DeclaredLuns.parse("pci:0000:00:05.0=naa.6001"))


def test_two_partitions_of_one_disk_are_two_file_systems_on_one_lun() -> None:
    told = [
        file_system("vda1", disk(slot=5, dev="/dev/vda"), at="/a"),
        file_system("vda2", disk(slot=5, dev="/dev/vda"), at="/b"),
    ]
    first, second = host_volumes(told, DeclaredLuns.parse("pci:0000:00:05.0=naa.6001"))
    assert first.luns == second.luns == (HostLun(("naa.6001",)),)


def test_a_volume_group_names_all_its_disks_and_is_complete_only_when_all_are_known() -> None:
    told = [file_system("dm-0", disk("A", slot=5), disk(None, slot=6))]
    (volume,) = host_volumes(told, NOTHING)
    assert volume.layout is DiskLayout.LVM
    assert volume.luns == (HostLun(("serial.A",)),)
    assert not volume.complete
    (volume,) = host_volumes(told, DeclaredLuns.parse("pci:0000:00:06.0=naa.6002"))
    assert volume.luns == (HostLun(("serial.A",)), HostLun(("naa.6002",)))
    assert volume.complete


@pytest.mark.parametrize(
    "told",
    [
        file_system("dm-0", disk("A")),
        file_system("md0", disk("A")),
        file_system("vda1", disk("A"), disk("B")),
    ],
)
def test_whatever_lies_between_a_file_system_and_its_disks_is_told(told: dict[str, Any]) -> None:
    (volume,) = host_volumes([told], NOTHING)
    assert volume.layout is DiskLayout.LVM


def test_a_file_system_that_may_lie_on_more_devices_than_are_told_is_never_complete() -> None:
    (volume,) = host_volumes([file_system("vda1", disk("A"), kind="btrfs")], NOTHING)
    assert volume.luns
    assert not volume.complete
    (volume,) = host_volumes([file_system("vda1", disk("A") | {"bus-type": "storage-spaces"})], NOTHING)
    assert volume.layout is DiskLayout.STORAGE_SPACES
    assert not volume.complete


def test_a_file_system_mounted_twice_is_one() -> None:
    told = [file_system("vda1", disk("A"), at="/mnt/longer"), file_system("vda1", disk("A"), at="/data")]
    (volume,) = host_volumes(told, NOTHING)
    assert volume.mount_points == ("/data", "/mnt/longer")
    (component,) = components([volume])
    assert (component.caption, component.files, component.instance_id) == ("/data", ("/data/",), "")


def test_windows_volumes_are_known_by_their_drives_and_those_without_are_left_out() -> None:
    told = [
        file_system(r"\\?\Volume{1}" + "\\", disk("A"), at="D:\\", kind="NTFS"),
        file_system(r"\\?\Volume{2}" + "\\", disk("A"), at="System Reserved", kind="NTFS"),
    ]
    (volume,) = host_volumes(told, NOTHING)
    assert volume.mount_points == ("D:\\",)
    (component,) = components([volume])
    assert component.files == ("D:\\",)


def test_the_root_is_a_folder_like_any_other() -> None:
    (component,) = components(host_volumes([file_system("vda1", disk("A"), at="/")], NOTHING))
    assert component.files == ("/",)


@pytest.mark.parametrize(
    "text",
    [
        "ABC=naa.1",
        "serial:=naa.1",
        "serial:A",
        "serial:A=",
        "serial:A=naa",
        "serial:A B=naa.1",
        "pci:00:05.0=naa.1",
        "pci:0000:00:05=naa.1",
        "wwn:5=naa.1",
        "serial:A=naa.1;serial:A=naa.2",
        "serial:A=naa.1;serial:B=naa.1",
        "serial:A=naa.1,serial:B=naa.2",
    ],
)
def test_a_malformed_declaration_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=r"is not of the form|is named"):
        GuestAgentSettings(luns=text)


def test_a_good_declaration_is_read_whole() -> None:
    text = " serial:A-B=naa.1; pci:0000:00:05.0=file.7:0-131 ;name:loop0=file.7:0-132;"
    assert GuestAgentSettings(luns=text).declared.by_key == {
        "serial:A-B": "naa.1",
        "pci:0000:00:05.0": "file.7:0-131",
        "name:loop0": "file.7:0-132",
    }


def test_a_relative_runtime_folder_is_refused() -> None:
    with pytest.raises(ValidationError, match="an absolute path"):
        GuestAgentSettings.model_validate({"runtime_folder": "run"})
