"""Tells by its first bytes what lies in a disk or partition, if it is not NTFS. Pure."""

from __future__ import annotations

from typing import Final

# As much as every signature below needs: the one of btrfs stands at 64 KiB.
START_BYTES: Final = (64 << 10) + 4096

NTFS: Final = "NTFS"
# Offset, what stands there, and what that is.
SIGNATURES: Final = (
    (3, b"NTFS    ", NTFS),
    (3, b"-FVE-FS-", "a volume that is encrypted with BitLocker"),
    (3, b"ReFS\0\0\0\0", "ReFS"),
    (3, b"EXFAT   ", "exFAT"),
    (54, b"FAT1", "FAT"),
    (82, b"FAT32", "FAT32"),
    (1080, b"\x53\xef", "ext2, ext3 or ext4"),
    (0, b"XFSB", "XFS"),
    (0x10040, b"_BHRfS_M", "btrfs"),
    (512, b"LABELONE", "a physical volume of LVM"),
    (4086, b"SWAPSPACE2", "swap space"),
    (0, b"LUKS\xba\xbe", "a volume that is encrypted with LUKS"),
    (0, b"QFI\xfb", "a disk image of QEMU (qcow2), which is not raw: convert it with qemu-img"),
    (0, b"vhdxfile", "a disk image of Hyper-V (VHDX), which is not raw: convert it with qemu-img"),
    (0, b"conectix", "a disk image of Hyper-V (VHD), which is not raw: convert it with qemu-img"),
    (0, b"KDMV", "a disk image of VMware (VMDK), which is not raw: convert it with qemu-img"),
)


def file_system_of(start: bytes) -> str:
    """Return what lies there in words; empty if nothing of it is known."""
    found = (words for at, magic, words in SIGNATURES if start[at : at + len(magic)] == magic)
    return next(found, "")
