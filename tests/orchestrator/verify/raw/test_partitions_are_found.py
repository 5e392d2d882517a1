from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.model.verification import Severity
from orchestrator.verify.positional_reads import PositionalReader
from orchestrator.verify.raw.partitions import Layout, find_partitions
from orchestrator.verify.raw.signatures import NTFS, START_BYTES, file_system_of
from tests.orchestrator.verify.raw.lab_images import MIB, LabImage, image_of

START = 64 << 10


def layout_of(data: bytes | bytearray, tmp_path: Path) -> Layout:
    path = tmp_path / "image"
    path.write_bytes(data)
    reader = PositionalReader(path)
    try:
        return find_partitions(reader)
    finally:
        reader.close()


def ntfs_in(layout: Layout) -> list[tuple[int, int]]:
    return [(part.number, part.start) for part in layout.partitions if part.holds == NTFS]


@pytest.fixture
def disk() -> bytearray:
    """A disk of 2 MiB with a GUID partition table."""
    return LabImage(gpt=True).data


def mbr(*entries: tuple[int, int, int]) -> bytes:
    """A table of (type, first sector, sectors)."""
    rows = b"".join(
        struct.pack("<B3sB3sII", 0, b"", kind, b"", first, sectors) for kind, first, sectors in entries
    )
    return bytes(446) + rows.ljust(64, b"\0") + b"\x55\xaa"


def resealed(disk: bytearray, at: int, sector: int = 512) -> None:
    """Make the checksums of a table right again after a change."""
    (length,) = struct.unpack_from("<I", disk, at + 12)
    table, count, size = struct.unpack_from("<QII", disk, at + 72)
    rows = disk[table * sector : table * sector + count * size]
    disk[at + 88 : at + 92] = zlib.crc32(rows).to_bytes(4, "little")
    disk[at + 16 : at + 20] = bytes(4)
    disk[at + 16 : at + 20] = zlib.crc32(disk[at : at + sector][:length]).to_bytes(4, "little")


def test_ntfs_on_a_bare_device_is_found(tmp_path: Path) -> None:
    layout = layout_of(LabImage().data, tmp_path)
    assert (ntfs_in(layout), layout.findings) == ([(0, 0)], ())


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_a_guid_partition_table_is_read_whatever_the_sectors(sector_bytes: int, tmp_path: Path) -> None:
    layout = layout_of(LabImage(gpt=True, sector_bytes=sector_bytes).data, tmp_path)
    assert (ntfs_in(layout), layout.findings) == ([(1, START)], ())


DAMAGE = {
    "header": 512 + 40,
    "signature": 512,
    "entries": 1024 + 40,
    "its own place": 512 + 24,
}


@pytest.mark.parametrize("what", DAMAGE)
def test_the_second_table_is_used_if_the_first_is_damaged(what: str, disk: bytearray, tmp_path: Path) -> None:
    disk[DAMAGE[what]] ^= 1
    if what == "its own place":
        resealed(disk, 512)
    layout = layout_of(disk, tmp_path)
    assert ntfs_in(layout) == [(1, START)]
    [finding] = layout.findings
    assert (finding.code, finding.severity) == ("verify.partition-table-damaged", Severity.WARNING)
    assert "the one at the start is damaged" in finding.text


def test_a_damaged_second_table_is_said(disk: bytearray, tmp_path: Path) -> None:
    disk[-512 + 60] ^= 1
    layout = layout_of(disk, tmp_path)
    assert ntfs_in(layout) == [(1, START)]
    assert "the copy at the end is damaged" in layout.findings[0].text


def test_both_tables_damaged_is_no_table(disk: bytearray, tmp_path: Path) -> None:
    disk[512 + 40] ^= 1
    disk[-512 + 40] ^= 1
    layout = layout_of(disk, tmp_path)
    assert [str(part) for part in layout.partitions] == [
        "the device, which has no partition table holds nothing that is known"
    ]


ABSURD = {
    "too many entries": (80, 2000),
    "entries without end": (80, 0xFFFFFFFF),
    "empty entries": (84, 0),
    "short entries": (84, 8),
    "endless entries": (84, 0x7FFFFFFF),
    "short header": (12, 40),
    "long header": (12, 9999),
}


@pytest.mark.parametrize("what", ABSURD)
def test_a_table_of_absurd_size_is_not_read(what: str, disk: bytearray, tmp_path: Path) -> None:
    at, value = ABSURD[what]
    for copy in (512, len(disk) - 512):
        disk[copy + at : copy + at + 4] = value.to_bytes(4, "little")
        resealed(disk, copy)
    layout = layout_of(disk, tmp_path)
    assert [part.number for part in layout.partitions] == [0]


def test_a_table_that_the_device_cuts_off_is_not_read(tmp_path: Path) -> None:
    layout = layout_of(bytes(512) + b"EFI PART" + bytes(10), tmp_path)
    assert [part.number for part in layout.partitions] == [0]


def test_a_boot_sector_is_no_table(tmp_path: Path) -> None:
    image = LabImage()
    image.write(446, mbr((7, 1, 9))[446:])  # code for starting Windows, as bad luck has it
    assert ntfs_in(layout_of(image.data, tmp_path)) == [(0, 0)]
    layout = layout_of(mbr((7, 1, 9))[:-2] + bytes(8192), tmp_path)
    assert [part.number for part in layout.partitions] == [0]


def test_a_partition_that_ends_behind_the_device_is_cut_off_and_said(disk: bytearray, tmp_path: Path) -> None:
    layout = layout_of(disk[: 1 * MIB], tmp_path)
    assert ntfs_in(layout) == [(1, START)]
    assert layout.partitions[0].length == MIB - START
    assert [one.code for one in layout.findings] == [
        "verify.partition-table-damaged",
        "verify.partition-cut-off",
    ]


def test_a_partition_behind_the_device_is_left_out(tmp_path: Path) -> None:
    layout = layout_of(mbr((7, 2048, 100), (7, 128, 100)) + bytes(1 << 17), tmp_path)
    assert [part.number for part in layout.partitions] == [2]


def test_what_other_partitions_are_is_said(disk: bytearray, tmp_path: Path) -> None:
    disk[1024 : 1024 + 16] = bytes.fromhex("a060 9baf 3114 624f bc68 3311714a69ad")
    resealed(disk, 512)
    disk[START : START + 512] = bytes(512)
    layout = layout_of(disk, tmp_path)
    assert [str(part) for part in layout.partitions] == ["partition 1 holds a part of a dynamic disk"]


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_the_old_kind_of_table_is_read(sector_bytes: int, tmp_path: Path) -> None:
    volume = LabImage(sector_bytes=sector_bytes).data
    first = MIB // sector_bytes
    table = mbr((0x83, 1, 2), (0x42, 3, 2), (7, first, len(volume) // sector_bytes))
    layout = layout_of(table.ljust(MIB, b"\0") + volume, tmp_path)
    assert ntfs_in(layout) == [(3, MIB)]
    assert str(layout.partitions[1]) == "partition 2 holds a dynamic disk"


def test_logical_partitions_are_found_along_their_chain(tmp_path: Path) -> None:
    volume = LabImage(1 * MIB, records=64).data
    sectors = len(volume) // 512
    base, second = 128, 128 + 128 + sectors
    disk = bytearray((second + 128) * 512 + len(volume))
    disk[:512] = mbr((0x0F, base, len(disk) // 512 - base))
    disk[base * 512 : base * 512 + 512] = mbr((7, 128, sectors), (5, second - base, 128 + sectors))
    disk[second * 512 : second * 512 + 512] = mbr((7, 128, sectors))
    for start in (base + 128, second + 128):
        disk[start * 512 : start * 512 + len(volume)] = volume
    assert ntfs_in(layout_of(disk, tmp_path)) == [(5, 256 * 512), (6, (second + 128) * 512)]


def test_a_chain_that_leads_back_ends(tmp_path: Path) -> None:
    disk = mbr((5, 1, 9)) + mbr((7, 2, 1), (5, 0, 9)) + bytes(8192)
    assert [part.number for part in layout_of(disk, tmp_path).partitions] == [5]


def test_a_chain_that_goes_on_and_on_ends(tmp_path: Path) -> None:
    links = b"".join(mbr((7, 200, 1), (5, at, 1)) for at in range(1, 180))
    assert len(layout_of(mbr((5, 1, 9)) + links + bytes(1 << 18), tmp_path).partitions) == 64


def test_a_protective_table_without_the_other_is_empty(tmp_path: Path) -> None:
    layout = layout_of(mbr((0xEE, 1, 99)) + bytes(8192), tmp_path)
    assert [part.number for part in layout.partitions] == [0]


KNOWN = {
    "BitLocker": (3, b"-FVE-FS-"),
    "ReFS": (3, b"ReFS\0\0\0\0"),
    "exFAT": (3, b"EXFAT   "),
    "FAT32": (82, b"FAT32   "),
    "FAT": (54, b"FAT16   "),
    "ext4": (1080, b"\x53\xef"),
    "XFS": (0, b"XFSB"),
    "btrfs": (65600, b"_BHRfS_M"),
    "LVM": (512, b"LABELONE"),
    "swap": (4086, b"SWAPSPACE2"),
    "LUKS": (0, b"LUKS\xba\xbe"),
    "qcow2": (0, b"QFI\xfb"),
    "VHDX": (0, b"vhdxfile"),
    "VHD": (0, b"conectix"),
    "VMDK": (0, b"KDMV"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_no_ntfs_is_named(name: str, tmp_path: Path) -> None:
    at, magic = KNOWN[name]
    start = bytearray(START_BYTES)
    start[at : at + len(magic)] = magic
    assert name in file_system_of(bytes(start))
    (tmp_path / "image").write_bytes(start)
    with pytest.raises(VerificationError, match=name) as caught:
        image_of(tmp_path / "image")
    assert caught.value.code == "verify.no-known-file-system"


@pytest.mark.parametrize("data", [b"", b"x", bytes(600), bytes(1 << 17)], ids=len)
def test_nothing_is_said_to_be_nothing(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(data)
    with pytest.raises(VerificationError, match="holds nothing that is known"):
        image_of(tmp_path / "image")


def test_one_of_several_volumes_is_chosen(tmp_path: Path) -> None:
    one, other = LabImage(label="ONE").data, LabImage(label="OTHER").data
    other[72:80] = (0x1122334455667788).to_bytes(8, "little")
    sectors = len(one) // 512
    disk = mbr((7, 128, sectors), (7, 128 + sectors, sectors)).ljust(START, b"\0") + one + other
    (tmp_path / "image").write_bytes(disk)
    with image_of(tmp_path / "image") as image:
        assert [volume.label for volume in image.volumes] == ["ONE", "OTHER"]
        for which in (1, "OTHER", "1122334455667788", "5566-7788", "55667788"):
            assert image.volume(which) is image.volumes[1]
        for unknown in (None, 2, "THIRD", ""):
            with pytest.raises(
                VerificationError, match=r"0: 9D3A0123456789AB ONE; 1: 1122334455667788 OTHER"
            ):
                image.volume(unknown)


def test_a_damaged_volume_beside_a_good_one_is_a_finding(tmp_path: Path) -> None:
    one, other = LabImage(label="ONE").data, LabImage().data
    one[48:56] = b"\xff" * 8
    sectors = len(one) // 512
    disk = mbr((7, 128, sectors), (7, 128 + sectors, sectors)).ljust(START, b"\0") + one + other
    (tmp_path / "image").write_bytes(disk)
    with image_of(tmp_path / "image") as image:
        assert [volume.partition.number for volume in image.volumes] == [2]
        [finding] = image.volumes[0].findings
        assert finding.code == "verify.file-system-unreadable"
        assert "Another NTFS volume" in finding.text


def test_findings_of_the_table_go_with_the_volume(disk: bytearray, tmp_path: Path) -> None:
    disk[512 + 40] ^= 1
    (tmp_path / "image").write_bytes(disk)
    with image_of(tmp_path / "image") as image:
        assert [one.code for one in image.volume().findings] == ["verify.partition-table-damaged"]
