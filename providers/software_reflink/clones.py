"""Clones: writable children of replicas. Blocks; nobody's freeze waits for it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from orchestrator.errors import ArrayRejected, Refused
from orchestrator.model.arrays import Clone, CutMember, OwnedObject
from orchestrator.model.names import ObjectNames
from providers.software_reflink import kernel, subvolumes
from providers.software_reflink.confirming import replica_id
from providers.software_reflink.errors import refusals
from providers.software_reflink.mapping import REPLICA_MARK, FolderNames, clone_path, replica_path
from providers.software_reflink.store import Store
from providers.software_reflink.stored_files import (
    StoredFile,
    give_name,
    look_at,
    make_nameless,
    mark_of,
    open_folder,
    opened,
    sync_folder,
)


def make_clones(store: Store, members: Sequence[CutMember], names: ObjectNames) -> list[Clone]:
    """Make one file per replica; those that are there already are the same ones.

    Raises:
        Refused: `policy.break-off-refused`; a member names something else than a replica of a cut.
        ArrayRejected: `array.name-taken` by another file, `array.full`, or a replica is gone.
    """
    folder = store.private / FolderNames.of(names).clones
    with refusals(f"make clones in {folder.name}", subject=store.subject):
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(store.private)
        made = [Clone(member.replica_id, _clone(store, member, folder).array_volume) for member in members]
        sync_folder(folder)
    return made


def remove_clone(store: Store, item: OwnedObject) -> bool:
    """Remove one clone, and tell whether it is gone: not while some process has it open."""
    path = find_clone(store, item.object_id, item.name)
    if path is None:
        return True
    with refusals(f"remove {item.name}", subject=store.subject):
        if is_open(path):
            return False
        path.unlink()
        sync_folder(path.parent)
        with suppress(OSError):  # other clones are in it, or somebody else's file
            path.parent.rmdir()
    return True


def find_clone(store: Store, clone_id: str, name: str) -> Path | None:
    """Return where a clone is, None if nothing of this name is that clone."""
    way = clone_path(name)
    if way is None:
        return None
    path = store.private.joinpath(*way)
    found = look_at(path, name, "clone", ours=True)
    ours = found is not None and found.file_id == clone_id and mark_of(path, REPLICA_MARK)
    return path if ours else None


def is_open(path: Path) -> bool:
    """Tell whether any process, virtual machine or loop device has a file open.

    The kernel grants a write lease on a file only to who alone has it open (fcntl(2), F_SETLEASE).
    """
    with opened(path) as descriptor:
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except BlockingIOError:
            return True
        return False  # closing it gives the lease back


def _clone(store: Store, member: CutMember, folder: Path) -> StoredFile:
    way = replica_path(member.replica_name)
    if way is None:
        what = "a clone of something else than a replica was asked for"
        raise Refused("policy.break-off-refused", what, subject=f"{store.subject}: {member.replica_name}")
    outer, inner, name = way
    try:
        source_folder = open_folder(store.private / outer / inner)
    except OSError:
        _gone(store, member)
    try:
        with opened(name, folder=source_folder) as replica:
            snapshot = subvolumes.look_at(source_folder) if inner else None
            if replica_id(replica, snapshot) != member.replica_id:
                _gone(store, member)
            _share(replica, folder, name, member.replica_id)
    except FileNotFoundError:
        _gone(store, member)
    finally:
        os.close(source_folder)
    made = look_at(folder / name, f"{folder.name}/{name}", "clone", ours=True)
    if made is None or mark_of(made.path, REPLICA_MARK) != member.replica_id:
        what = f"{folder.name}/{name} is there, and is no clone of {member.replica_name}"
        raise ArrayRejected(what, subject=store.subject, code="array.name-taken")
    return made


def _share(replica: int, folder: Path, name: str, mark: str) -> None:
    """Make a clone whole before it gets its name; a name that is taken stays with its file."""
    if (folder / name).exists():
        return
    inside = open_folder(folder)
    try:
        clone = make_nameless(inside)
        try:
            kernel.take_over_flags(replica, clone)
            kernel.share_blocks(replica, clone)
            os.setxattr(clone, REPLICA_MARK, mark.encode())
            os.fsync(clone)
            with suppress(FileExistsError):
                give_name(clone, inside, name)
        finally:
            os.close(clone)
    finally:
        os.close(inside)


def _gone(store: Store, member: CutMember) -> NoReturn:
    raise ArrayRejected(f"the replica {member.replica_name} is gone", subject=store.subject)
