"""What a cut holds, looked up on the disk and made durable. Blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ArmedCut, CutMember
from providers.software_reflink import subvolumes
from providers.software_reflink.errors import refusals
from providers.software_reflink.mapping import LUNS, SOURCE_MARK, FolderNames
from providers.software_reflink.store import Store
from providers.software_reflink.stored_files import (
    file_id,
    mark_of,
    open_folder,
    opened,
    sync_folder,
)


@dataclass(frozen=True, slots=True)
class Replica:
    """A replica as it lies on the disk: of which file, which one, called what, how long, and cut when."""

    source_id: str
    replica_id: str
    name: str
    size_bytes: int
    cut_at_ns: int


def confirm(store: Store, armed: ArmedCut) -> Sequence[CutMember]:
    """List the replicas of a cut, and write them to disk first.

    Raises:
        ArrayRejected: `array.partial-cut` when a planned replica is missing or not whole,
            `array.members-changed` when there are others, or a LUN file is no longer what was armed.
    """
    names = FolderNames.of(armed.names)
    with refusals(f"read {names.cut}", subject=store.subject):
        replicas = list(_replicas(store, names))
        sync_folder(store.private)
    planned = {item.volume_id: item.size_bytes for item in armed.volumes}
    found = {item.source_id: item for item in replicas}
    if len(found) != len(replicas) or found.keys() - planned.keys():
        _refuse(store, "array.members-changed", f"{names.cut} holds files that were not planned")
    if planned.keys() - {item.file_id for item in store.lun_files()}:
        _refuse(store, "array.members-changed", f"{store.luns} lacks files that {names.cut} was made of")
    if planned.keys() - found.keys():
        _refuse(store, "array.partial-cut", f"{names.cut} does not hold every planned replica")
    if any(item.size_bytes != planned[item.source_id] for item in replicas):
        _refuse(store, "array.partial-cut", f"{names.cut} holds a replica of another size than its LUN file")
    return [
        CutMember(item.source_id, item.replica_id, item.name, _moment(item.cut_at_ns)) for item in replicas
    ]


def _replicas(store: Store, names: FolderNames) -> Iterator[Replica]:
    folder = store.private / names.cut
    inner = folder / LUNS
    if store.one_subvolume and inner.is_dir() and not inner.is_symlink():
        if os.listdir(folder) != [LUNS]:  # noqa: PTH208 - names, not paths
            _refuse(store, "array.members-changed", f"{names.cut} holds more than the snapshot")
        yield from _in_snapshot(store, names, inner)
    elif folder.is_dir():
        for path in sorted(folder.iterdir()):
            yield _by_itself(store, names, path)
        sync_folder(folder)


def _in_snapshot(store: Store, names: FolderNames, folder: Path) -> Iterator[Replica]:
    """List a snapshot of the subvolume with the LUN files; it was on disk before it could be seen."""
    descriptor = open_folder(folder)
    try:
        snapshot = subvolumes.look_at(descriptor)  # of a plain folder: the subvolume it lies in
    finally:
        os.close(descriptor)
    if not snapshot.read_only:
        _refuse(store, "array.members-changed", f"{names.cut}/{LUNS} is no sealed snapshot")
    for path in sorted(folder.iterdir()):
        _demand_regular(store, path)
        with opened(path) as file:
            status = os.fstat(file)
            yield Replica(
                source_id=file_id(file),  # a file keeps inode number and generation in a snapshot
                replica_id=replica_id(file, snapshot),
                name=f"{names.cut}/{LUNS}/{path.name}",
                size_bytes=status.st_size,
                cut_at_ns=snapshot.made_at_ns,
            )


def _by_itself(store: Store, names: FolderNames, path: Path) -> Replica:
    _demand_regular(store, path)
    with opened(path) as file:
        os.fsync(file)
        status = os.fstat(file)
        return Replica(
            source_id=mark_of(file, SOURCE_MARK),
            replica_id=replica_id(file),
            name=f"{names.cut}/{path.name}",
            size_bytes=status.st_size,
            cut_at_ns=status.st_ctime_ns,  # sharing blocks sets it, and nothing of ours does so later
        )


def replica_id(file: int, snapshot: subvolumes.Subvolume | None = None) -> str:
    """Return the immutable id of an open replica."""
    return file_id(file, "file" if snapshot is None else f"{snapshot.uuid}")


def _demand_regular(store: Store, path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        _refuse(store, "array.members-changed", f"{path.name} was not planned: it is no regular file")


def _moment(at_ns: int) -> datetime:
    return datetime.fromtimestamp(at_ns // 1_000_000_000, UTC).replace(
        microsecond=at_ns % 1_000_000_000 // 1000
    )


def _refuse(store: Store, code: str, what: str) -> NoReturn:
    raise ArrayRejected(what, subject=store.subject, code=code)
