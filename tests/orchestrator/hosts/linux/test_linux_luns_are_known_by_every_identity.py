from __future__ import annotations

import pytest

from tests.orchestrator.hosts.linux.machine import PURE, Machine

DIGITS = PURE.removeprefix("naa.")
EUI = "eui.00d2bdf73b4e4d4f24a9370002000011"


def designator(code_set: int, about: int, value: bytes) -> bytes:
    return bytes([code_set, about, 0, len(value)]) + value


def page_83(*designators: bytes, number: int = 0x83) -> bytes:
    every = b"".join(designators)
    return bytes([0, number]) + len(every).to_bytes(2, "big") + every


@pytest.mark.parametrize(
    ("wwid", "lun_ids"),
    [
        (PURE, (PURE,)),
        (PURE.upper(), (PURE,)),
        ("eui.0025388B710116A1", ("eui.0025388b710116a1",)),
        ("t10.ATA     QEMU HARDDISK   QM00001    ", ("t10.ata     qemu harddisk   qm00001",)),
        ("naa.123", ()),
        ("naa.00000000000000000000000000000000", ()),
        ("0QEMU", ()),
        ("", ()),
    ],
)
def test_scsi_disks_are_known_by_their_wwid(machine: Machine, wwid: str, lun_ids: tuple[str, ...]) -> None:
    machine.lun("sda", wwid)
    assert machine.luns_of("sda") == ([lun_ids] if lun_ids else [], bool(lun_ids))


@pytest.mark.parametrize(
    ("attributes", "lun_ids"),
    [
        ({"wwid": EUI}, (EUI,)),
        (
            {
                "wwid": "uuid.6B3A5E0C-9d7f-4c3e-8f56-0123456789ab",
                "nguid": "00d2bdf7-3b4e-4d4f-24a9-370002000011",
                "uuid": "6b3a5e0c-9d7f-4c3e-8f56-0123456789ab",
            },
            (EUI, "uuid.6b3a5e0c-9d7f-4c3e-8f56-0123456789ab"),
        ),
        (
            {"wwid": EUI, "nguid": "00000000-0000-0000-0000-000000000000", "eui": "00 25 38 8b 71 01 16 a1"},
            (EUI, "eui.0025388b710116a1"),
        ),
        ({"wwid": "nvme.1af4-6162-51454d55-00000001"}, ("nvme.1af4-6162-51454d55-00000001",)),
        # Without a UUID the kernel repeats the NGUID here: not to be taken for one.
        ({"wwid": EUI, "uuid": "00d2bdf7-3b4e-4d4f-24a9-370002000011"}, (EUI,)),
    ],
)
def test_nvme_namespaces_are_known_by_all_they_tell(
    machine: Machine, attributes: dict[str, str], lun_ids: tuple[str, ...]
) -> None:
    machine.disk("nvme0n1", **attributes)
    assert machine.luns_of("nvme0n1") == ([lun_ids], True)


@pytest.mark.parametrize(
    ("serial", "lun_ids"), [(" Data-01 ", ["serial.Data-01"]), ("", []), ("000", []), ("a b", [])]
)
def test_virtio_disks_are_known_by_their_serial(machine: Machine, serial: str, lun_ids: list[str]) -> None:
    machine.disk("vda", serial=serial)
    assert machine.luns_of("vda") == ([tuple(lun_ids)] if lun_ids else [], bool(lun_ids))


@pytest.mark.parametrize("name", ["sda", "mmcblk0", "nbd0", "zram0", "ram0", "pmem0"])
def test_what_tells_no_identity_is_not_complete(machine: Machine, name: str) -> None:
    machine.disk(name, serial="0815")
    assert machine.luns_of(name) == ([], False)


def test_a_page_of_designators_tells_all_of_the_lun_and_nothing_of_its_ports(machine: Machine) -> None:
    page = page_83(
        designator(2, 0x01, b"PURE    FlashArray:1\0\0"),
        designator(1, 0x13, bytes.fromhex("5000000000000001")),
        designator(1, 0x02, bytes.fromhex("0025388b710116a1")),
        designator(1, 0x14, bytes(4)),
        designator(1, 0x03, bytes.fromhex(DIGITS)),
    )
    machine.lun("sda", PURE)
    (machine.root / "sys/devices/pci0000:00/block/sda/device/vpd_pg83").write_bytes(page)
    known = (PURE, "eui.0025388b710116a1", "t10.pure    flasharray:1")
    assert machine.luns_of("sda") == ([known], True)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"\0",
        page_83(designator(1, 0x03, bytes.fromhex(DIGITS)), number=0x80),
        page_83(designator(1, 0x03, bytes.fromhex(DIGITS)))[:-1],
        page_83(designator(2, 0x03, bytes.fromhex(DIGITS))),
        page_83(designator(1, 0x03, bytes(16))),
        page_83(designator(2, 0x01, b"PURE 1"))[:-1],
        page_83(b"\x01\x03"),
        page_83() + designator(1, 0x03, bytes.fromhex(DIGITS)),
    ],
)
def test_a_page_that_is_cut_off_empty_or_another_tells_nothing(machine: Machine, page: bytes) -> None:
    machine.lun("sda", "")
    (machine.root / "sys/devices/pci0000:00/block/sda/device/vpd_pg83").write_bytes(page)
    assert machine.luns_of("sda") == ([], False)


@pytest.mark.parametrize(
    ("link", "lun_id"),
    [
        (f"wwn-0x{DIGITS}", PURE),
        (f"scsi-3{DIGITS}", PURE),
        ("scsi-20025388b710116a1", "eui.0025388b710116a1"),
        ("nvme-eui.0025388b710116a1", "eui.0025388b710116a1"),
        ("virtio-data01", "serial.data01"),
    ],
)
def test_links_of_udev_tell_what_the_kernel_does_not(machine: Machine, link: str, lun_id: str) -> None:
    machine.disk("sda")
    machine.by_id(link, "sda")
    assert machine.luns_of("sda") == ([(lun_id,)], True)


@pytest.mark.parametrize("link", ["scsi-SPURE_FlashArray_1", "ata-QEMU_QM00001", "wwn-0x12", "lvm-pv-uuid-x"])
def test_links_of_other_forms_tell_nothing(machine: Machine, link: str) -> None:
    machine.disk("sda")
    machine.by_id(link, "sda")
    assert machine.luns_of("sda") == ([], False)


def test_links_to_partitions_and_to_other_disks_are_not_the_disks_own(machine: Machine) -> None:
    machine.disk("sda")
    machine.partition("sda", "sda1")
    machine.by_id(f"wwn-0x{DIGITS}", "sdb")
    machine.by_id("wwn-0x5000000000000001", "sda1")
    assert machine.luns_of("sda1") == ([], False)


def test_each_identity_is_told_once_and_the_best_first(machine: Machine) -> None:
    machine.lun("sda", "t10.PURE 1")
    for link in (f"wwn-0x{DIGITS}", f"scsi-3{DIGITS}", "wwn-0x5000000000000001"):
        machine.by_id(link, "sda")
    assert machine.luns_of("sda") == ([(PURE, "naa.5000000000000001", "t10.pure 1")], True)
