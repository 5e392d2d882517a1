"""Where things lie in a volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# NTFS guards every 512 bytes with an update sequence, whatever the sectors of the device are.
STRIDE: Final = 512
INDEX_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True)
class Geometry:
    """Sizes of one volume.

    Attributes:
        start: byte of the array volume at which the file system begins.
        sectors: of the partition; the last one holds the copy of the boot sector and is no part of a cluster.
    """

    start: int
    sectors: int
    sector_bytes: int
    cluster_bytes: int

    @property
    def clusters(self) -> int:
        """Whole clusters in front of the copy of the boot sector."""
        return (self.sectors - 1) * self.sector_bytes // self.cluster_bytes

    @property
    def record_bytes(self) -> int:
        """Size of a record of the $MFT: 1 KiB, but never less than a sector."""
        return max(1024, self.sector_bytes)

    @property
    def index_step(self) -> int:
        """Virtual cluster numbers of an index block; they count 512 bytes where clusters are larger."""
        return INDEX_BLOCK // (self.cluster_bytes if self.cluster_bytes <= INDEX_BLOCK else STRIDE)

    def clusters_for(self, size_bytes: int) -> int:
        """Return how many clusters hold so many bytes."""
        return -(-size_bytes // self.cluster_bytes)

    def offset_of(self, cluster: int) -> int:
        """Return where in the array volume a cluster begins."""
        return self.start + cluster * self.cluster_bytes
