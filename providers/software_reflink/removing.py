"""What attempts have left in a store: listed, made void, and removed. Nothing that is not ours. Blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orchestrator.model.arrays import ObjectKind, OwnedObject
from providers.software_reflink import kernel, subvolumes
from providers.software_reflink.errors import refusals
from providers.software_reflink.mapping import (
    LUNS,
    REPLICA_MARK,
    SOURCE_MARK,
    FolderNames,
    folder_of_ours,
)
from providers.software_reflink.store import Store
from providers.software_reflink.stored_files import (
    file_id,
    look_at,
    mark_of,
    open_folder,
    sync_folder,
)


def owned(store: Store, prefix: str) -> list[OwnedObject]:
    """List what is ours and has a name that begins so: folders of cuts, and clones one by one."""
    with refusals(f"list {store.private}", subject=store.subject):
        found = [item for path in sorted(store.private.iterdir()) for item in _objects(path)]
    return [item for item in found if item.name.startswith(prefix)]


def make_void(store: Store, names: FolderNames) -> None:
    """Take the names away that a cut needs, and that it has: none can come to be any more, and none is left.

    The order matters: a cut that happens in between is found by the second step.
    """
    with refusals(f"make {names.stem} void", subject=store.subject):
        for name in (names.armed, names.cut):
            _rename_to_void(store, names, name)


def remove_void(store: Store, names: FolderNames) -> None:
    """Remove what was made void, as far as it is ours."""
    with refusals(f"remove what is void of {names.stem}", subject=store.subject):
        for path in sorted(store.private.iterdir()):
            if names.is_void(path.name):
                _remove_folder(path)
        sync_folder(store.private)


def remove_object(store: Store, item: OwnedObject) -> bool:
    """Remove one object that is no clone, and tell whether it is gone."""
    folder = folder_of_ours(item.name)
    if folder is None or _folder_id(store.private / item.name) != item.object_id:
        return True
    names = FolderNames(folder.stem)
    with refusals(f"remove {item.name}", subject=store.subject):
        if item.name in (names.armed, names.cut):
            gone = _remove_folder(_rename_to_void(store, names, item.name))
        else:
            gone = _remove_folder(store.private / item.name)
        sync_folder(store.private)
    return gone


def _rename_to_void(store: Store, names: FolderNames, name: str) -> Path:
    path = store.private / name
    with suppress(FileNotFoundError):
        void = names.void(path.lstat().st_ino)
        private = open_folder(store.private)
        try:
            kernel.rename_if_free(private, name, void)
        finally:
            os.close(private)
        return store.private / void
    return path


def _remove_folder(folder: Path) -> bool:
    """Remove a folder and what of its content bears a mark of ours; tell whether it is gone."""
    try:
        paths = list(folder.iterdir())
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        return False
    for path in paths:
        _remove_inside(folder, path)
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False  # somebody else has put something in: it stays, and so does the folder
    return True


def _remove_inside(folder: Path, path: Path) -> None:
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mark_of(path, SOURCE_MARK):
            path.unlink()
        elif stat.S_ISDIR(mode) and path.name == LUNS:
            _destroy_snapshot(folder)


def _destroy_snapshot(folder: Path) -> None:
    """Destroy the snapshot in a folder of ours, if it is one."""
    inside = open_folder(folder)
    try:
        top = open_folder(LUNS, folder=inside)
        try:
            ours = _is_sealed_snapshot(top)
        finally:
            os.close(top)
        if ours:
            subvolumes.destroy_subvolume(inside, LUNS)
    finally:
        os.close(inside)


def _is_sealed_snapshot(folder: int) -> bool:
    if kernel.file_system_kind(folder) != "btrfs" or not subvolumes.is_subvolume(folder):
        return False
    found = subvolumes.look_at(folder)
    return found.read_only and found.parent_uuid.int != 0


def _objects(path: Path) -> Iterator[OwnedObject]:
    folder, object_id = folder_of_ours(path.name), _folder_id(path)
    if folder is None or not object_id:
        return
    if folder.kind is not ObjectKind.CLONE:
        yield OwnedObject(folder.kind, object_id, path.name, folder.state)
        return
    files = sorted(path.iterdir())
    for file in files:
        clone = look_at(file, f"{path.name}/{file.name}", "clone", ours=True)
        if clone is not None and mark_of(file, REPLICA_MARK):
            yield OwnedObject(ObjectKind.CLONE, clone.file_id, clone.name)
    if not files:  # of clones that were never finished
        yield OwnedObject(ObjectKind.CONSISTENCY_GROUP, object_id, path.name)


def _folder_id(path: Path) -> str:
    """Return the id of a folder; empty if there is none."""
    try:
        descriptor = open_folder(path)
    except OSError:
        return ""
    try:
        return file_id(descriptor, "folder")
    finally:
        os.close(descriptor)
