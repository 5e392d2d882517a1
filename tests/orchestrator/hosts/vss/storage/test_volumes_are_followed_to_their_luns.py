"""Volumes, disks and LUN identities, read from bytes."""

from __future__ import annotations

import pytest

from orchestrator.hosts.vss.requestor.metadata import FileSpec
from orchestrator.hosts.vss.storage.device_ids import lun_ids
from orchestrator.hosts.vss.storage.extents import disks_of
from orchestrator.hosts.vss.storage.layout import layout_of
from orchestrator.hosts.vss.storage.survey import home_of, host_volumes, paths_of
from orchestrator.model.hosts import DiskLayout, HostLun, HostVolume
from tests.orchestrator.hosts.vss.fake_devices import (
    BASIC_DATA,
    LDM_DATA,
    FakeDevices,
    FakeDisk,
    FakeVolume,
    descriptor,
    device_ids,
    extents,
    gpt,
    mbr,
    naa,
    volume_name,
)


def test_basic_disks_lead_to_their_luns() -> None:
    c, e, f = host_volumes(FakeDevices())
    assert (e.name, e.mount_points, e.complete, e.layout) == (
        volume_name("E"),
        ("E:\\",),
        True,
        DiskLayout.BASIC,
    )
    assert e.luns == (HostLun((f"naa.624a9370{1:024x}",)),)
    assert f.luns == (HostLun((f"naa.624a9370{2:024x}",)),)
    assert c.luns == (HostLun(("serial.WD-1234",)),)  # no page 83h: what page 80h says


@pytest.mark.parametrize(
    ("disk", "layout"),
    [
        (FakeDisk(gpt(BASIC_DATA, LDM_DATA), ids=device_ids(naa(1))), DiskLayout.DYNAMIC),
        (FakeDisk(mbr(0x42), ids=device_ids(naa(1))), DiskLayout.DYNAMIC),
        (FakeDisk(about=descriptor(bus=0x10), ids=device_ids(naa(1))), DiskLayout.STORAGE_SPACES),
    ],
)
def test_dynamic_disks_and_spaces_are_never_complete(disk: FakeDisk, layout: DiskLayout) -> None:
    devices = FakeDevices()
    devices.disks[1] = disk
    _, found, _ = host_volumes(devices)
    assert (found.layout, found.complete) == (layout, False)


def test_a_volume_on_two_disks_is_a_dynamic_one_whatever_they_say() -> None:
    devices = FakeDevices()
    devices.there[volume_name("E")].extents = extents(1, 2, 1)
    _, found, _ = host_volumes(devices)
    assert (found.layout, found.complete, len(found.luns)) == (DiskLayout.DYNAMIC, False, 2)


@pytest.mark.parametrize("answer", [None, b"", b"\1\0\0\0", extents(1)[:-1], extents()])
def test_a_volume_whose_disks_are_not_told_is_there_and_incomplete(answer: bytes | None) -> None:
    devices = FakeDevices()
    devices.there[volume_name("E")].extents = answer
    _, found, _ = host_volumes(devices)
    assert (found.luns, found.complete) == ((), False)


def test_a_disk_that_says_nothing_makes_its_volume_incomplete() -> None:
    devices = FakeDevices()
    del devices.disks[1]
    devices.disks[2] = FakeDisk(layout=gpt(BASIC_DATA)[:-1], ids=device_ids(naa(2)))
    _, e, f = host_volumes(devices)
    assert (e.luns, e.complete) == ((), False)
    assert f.complete is False
    devices.disks[1] = FakeDisk(ids=b"")
    assert host_volumes(devices)[1].complete is False


def test_a_disk_twice_in_the_extents_counts_once() -> None:
    assert disks_of(extents(3, 1, 3)) == (3, 1)


def test_layouts_that_cannot_be_told_are_none() -> None:
    assert layout_of(b"", descriptor()) is None
    assert layout_of(gpt(BASIC_DATA), b"") is None
    assert layout_of(mbr(0x07), descriptor()) is DiskLayout.BASIC


def test_identities_are_canonical_and_the_best_comes_first() -> None:
    answer = device_ids(
        (2, 1, 0, b"PURE    FlashArray"),
        (1, 2, 0, bytes(range(1, 9))),
        (2, 8, 0, b"iqn.2010-06.com.purestorage:x"),
        (1, 3, 1, bytes.fromhex("5" + "1" * 15)),  # of the port
        (1, 3, 0, bytes.fromhex("6" + "A" * 31)),
        (3, 8, 0, b"naa.6" + b"B" * 31 + b"\0"),
        (1, 10, 0, bytes([0x10, 0]) + bytes(range(16))),
        (1, 2, 0, bytes(8)),  # nothing
    )
    assert lun_ids(answer, descriptor(serial=b"S1")) == (
        "naa.6" + "a" * 31,
        "naa.6" + "b" * 31,
        "eui.0102030405060708",
        "uuid.00010203-0405-0607-0809-0a0b0c0d0e0f",
        "t10.pure    flasharray",
    )


def test_an_identity_that_is_cut_short_is_none() -> None:
    assert lun_ids(device_ids((1, 2, 0, bytes(range(1, 17))))[:-8], descriptor()) == ()


@pytest.mark.parametrize("serial", [b"", b"   ", b"0000", b"\xff\xff", b"a\x07b"])
def test_a_serial_number_that_is_none_is_left_out(serial: bytes) -> None:
    assert lun_ids(b"", descriptor(serial=serial)) == ()


def test_the_longest_mount_point_wins() -> None:
    names = [("C", "C:\\"), ("M", "C:\\Mount\\DB01"), ("N", "C:\\Mount\\DB0")]
    volumes = [HostVolume(volume_name(one), (point,), ()) for one, point in names]
    assert home_of("c:/mount/db01/x.edb", volumes) == volumes[1]
    assert home_of("C:\\Mount\\DB012\\x.edb", volumes) == volumes[0]
    assert home_of(volume_name("N") + "x.edb", volumes) == volumes[2]
    assert home_of("D:\\x", volumes) is None


def test_files_of_folders_below_are_looked_for_where_volumes_are_mounted() -> None:
    volumes = [HostVolume(volume_name("M"), ("E:\\DB\\Mount\\", "E:\\DB\\"), ())]
    assert paths_of([FileSpec("E:\\DB", "*.log", True)], volumes) == ("E:\\DB\\*.log", "E:\\DB\\Mount\\*.log")
    assert paths_of([FileSpec("E:\\DB", "*.log", False)], volumes) == ("E:\\DB\\*.log",)


def test_a_volume_without_a_way_to_it_is_still_one() -> None:
    devices = FakeDevices()

    def fails(_: str) -> list[str]:
        raise OSError(1, "no")

    devices.mount_points = fails  # type: ignore[method-assign,assignment] # a double
    assert all(one.mount_points == () for one in host_volumes(devices))
    devices.there = {"x": FakeVolume([], None)}
    assert [one.complete for one in host_volumes(devices)] == [False]
