"""How long a cut will take: the one place with such figures. Blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.model.arrays import ArrayVolume, CutForecast
from providers.software_reflink import kernel
from providers.software_reflink.errors import refusals
from providers.software_reflink.store import Store
from providers.software_reflink.stored_files import opened


@dataclass(frozen=True, slots=True)
class Cost:
    """What sharing blocks costs on one file system, in seconds."""

    per_extent_s: float
    per_file_s: float = 0.0002
    per_cut_s: float = 0.002


# Measured with flushed files on loop devices, 2 virtual processors, Linux 6.18. XFS: 14-18 µs an extent
# (10,000 of them in 0.17 s), and 29 on the median of a busy machine; btrfs: 5.5, and 12. A
# file of one extent 0.06 ms. A snapshot of a subvolume 1-3 ms when everything is on disk, whatever its files
# are like: it writes the root of a tree.
_COSTS: Final[Mapping[str, Cost]] = {"xfs": Cost(30e-6), "btrfs": Cost(12e-6)}
_SNAPSHOT_S: Final = 0.005

_SAFETY: Final = 2.0  # other disks, a busy machine


def forecast(store: Store, volumes: Sequence[ArrayVolume]) -> CutForecast:
    """Say how long a cut of these is expected to take when what is dirty was flushed before."""
    files = {item.file_id: item for item in store.lun_files()}
    wanted = [files[item.volume_id] for item in volumes if item.volume_id in files]
    if store.cuts_as_a_whole(wanted):
        basis = "one btrfs snapshot of the subvolume with all LUN files"
        return CutForecast(_SAFETY * _SNAPSHOT_S, f"{basis}, {_SAFETY:g} times what was measured")
    extents = 0
    with refusals("count extents", subject=store.subject):
        for item in wanted:
            with opened(item.path) as descriptor:
                extents += kernel.extents(descriptor)
    cost = _COSTS[store.kind]
    cut_s = cost.per_cut_s + cost.per_file_s * len(wanted) + cost.per_extent_s * extents
    basis = (
        f"{extents:,} extents in {len(wanted)} files at {cost.per_extent_s * 1e6:g} µs each on {store.kind}"
    )
    return CutForecast(_SAFETY * cut_s, f"{basis}, times {_SAFETY:g}")
