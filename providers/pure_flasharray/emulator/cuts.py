"""Cutting: replicas of any number of array volumes at one instant, all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from providers.pure_flasharray.emulator.array import FlashArray
from providers.pure_flasharray.emulator.naming import check_full_name
from providers.pure_flasharray.emulator.objects import ArrayVolume, ProtectionGroupSnapshot, VolumeSnapshot
from providers.pure_flasharray.emulator.wire import Refusal
from providers.shared.emulation.media import copy


@dataclass(frozen=True, slots=True)
class PlannedReplica:
    """One replica to be made. `part_of` is set for members of a protection group's cut."""

    name: str
    suffix: str
    source: ArrayVolume
    part_of: ProtectionGroupSnapshot | None = None


def check_room(array: FlashArray, planned: Sequence[PlannedReplica], faults: frozenset[str]) -> None:
    """Refuse a cut that would fail."""
    for replica in planned:
        check_full_name(replica.name)
        array.volume_snapshots.check_free(replica.name)
    if "full" in faults:
        raise Refusal("Volume snapshot limit reached.", array.name)


def cut(array: FlashArray, planned: Sequence[PlannedReplica], faults: frozenset[str]) -> list[VolumeSnapshot]:
    """Copy the bytes of every source while nobody writes, and keep the replicas.

    They share one `created`, taken while the writers were out.
    """
    check_room(array, planned, faults)
    if "half-cut" in faults:
        planned = planned[:-1]
    with array.media.writers_out():
        created_ms = array.clock.now_ms()
        replicas = [_copied(array, replica, created_ms) for replica in planned]
    for index, replica in enumerate(replicas):
        if "unequal-created" in faults:
            replica.created_ms += index
        array.volume_snapshots.add(replica)
    return replicas


def _copied(array: FlashArray, replica: PlannedReplica, created_ms: int) -> VolumeSnapshot:
    serial = array.next_serial()
    path = array.media.replica_path(serial)
    copy(replica.source.path, path)
    return VolumeSnapshot(
        name=replica.name,
        source=replica.source,
        suffix=replica.suffix,
        serial=serial,
        provisioned=replica.source.provisioned,
        path=path,
        created_ms=created_ms,
        part_of=replica.part_of,
    )
