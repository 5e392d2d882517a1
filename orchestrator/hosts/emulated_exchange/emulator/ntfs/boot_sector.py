"""The first sector of a volume; a copy of it is the last one."""

from __future__ import annotations

import struct
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.ntfs.geometry import INDEX_BLOCK, Geometry

SECTOR: Final = struct.Struct("<3s8sHBH3xHBHHHI4xIQQQb3xb3xQI")
FIXED_DISK: Final = 0xF8
# Nobody boots from the lab's volumes: halt, and halt again.
NO_CODE: Final = b"\xf4\xeb\xfd"


def boot_sector(geometry: Geometry, table: int, mirror: int, serial: int) -> bytes:
    """Return the sector.

    Args:
        geometry: of the volume.
        table: first cluster of the $MFT.
        mirror: first cluster of the $MFTMirr.
        serial: number of the volume, 64 bits.
    """
    head = SECTOR.pack(
        b"\xeb\x52\x90",
        b"NTFS    ",
        geometry.sector_bytes,
        geometry.cluster_bytes // geometry.sector_bytes,
        0,
        0,
        FIXED_DISK,
        0,
        63,
        255,
        min(geometry.start // geometry.sector_bytes, 0xFFFFFFFF),
        0x800080,
        geometry.sectors - 1,
        table,
        mirror,
        _in_clusters(geometry.record_bytes, geometry.cluster_bytes),
        _in_clusters(INDEX_BLOCK, geometry.cluster_bytes),
        serial,
        0,
    )
    sector = head + NO_CODE
    return (sector.ljust(510, b"\0") + b"\x55\xaa").ljust(geometry.sector_bytes, b"\0")


def _in_clusters(size_bytes: int, cluster_bytes: int) -> int:
    """Return a size in clusters or, where it is less than one, the negative power of two in bytes."""
    clusters = size_bytes // cluster_bytes
    return clusters or -(size_bytes.bit_length() - 1)
