"""Everything slow before a cut: files checked and opened, flushed, and the intent made durable. Blocks."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final, NoReturn

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ArrayVolume
from providers.software_reflink import kernel, subvolumes
from providers.software_reflink.armed import ArmedFiles, Member, OpenFolders
from providers.software_reflink.errors import CANNOT_SHARE, refusal, refusals
from providers.software_reflink.mapping import SOURCE_MARK, FolderNames
from providers.software_reflink.store import Store
from providers.software_reflink.stored_files import (
    StoredFile,
    file_id,
    give_name,
    make_nameless,
    mark_of,
    open_folder,
)

# A cut itself takes some metadata only. But from then on every block that a host writes for the first time
# takes a new one: a store that is full by then makes the *production* host's writes fail.
_ROOM_BYTES: Final = 16 << 20
_ROOM_SHARE: Final = 0.01  # of what the LUN files take

_BLOCK_BYTES: Final = 512  # st_blocks counts these, whatever the file system


class Arming:
    """Arms one cut. `arm` either returns it, or has closed everything again."""

    def __init__(self, store: Store, names: FolderNames, called_off: threading.Event) -> None:
        self._store = store
        self._names = names
        self._called_off = called_off
        self._folder = store.private / names.armed

    def arm(self, volumes: Sequence[ArrayVolume]) -> ArmedFiles:
        """Check and open everything, flush the LUN files, and make the folder that says what is intended.

        Raises:
            ArrayRejected: `array.full`, `array.name-taken`, `array.members-changed`,
                `array.volume-not-supported`; nothing is open, but the folder may be there.
        """
        files = self._planned(volumes)
        self._demand_room(files)
        if (self._store.private / self._names.cut).exists():
            self._refuse("array.name-taken", f"{self._names.cut} exists already")
        whole = self._store.cuts_as_a_whole(files)
        with ExitStack() as opened, refusals(f"arm {self._names.stem}", subject=self._store.subject):
            folders = self._open_folders(opened)
            members = tuple(self._open(item, folders, opened, whole=whole) for item in files)
            self._demand_no_others(() if whole else files)
            self._flush(members, folders, whole=whole)
            cut_id = file_id(folders.armed, "folder")
            armed = ArmedFiles(self._names, members, folders, cut_id, self._store.subject)
            opened.pop_all()  # they are the armed cut's now
            return armed

    def _planned(self, volumes: Sequence[ArrayVolume]) -> list[StoredFile]:
        there = {item.file_id: item for item in self._store.lun_files()}
        for item in volumes:
            found = there.get(item.volume_id)
            if found is None:
                self._refuse("array.volume-not-supported", f"{item.name} cannot be cut: it is gone")
            if found.status.st_size == 0:
                self._refuse("array.volume-not-supported", f"{item.name} cannot be cut: it is empty")
        return [there[volume_id] for volume_id in sorted({item.volume_id for item in volumes})]

    def _demand_room(self, files: Sequence[StoredFile]) -> None:
        used = sum(item.status.st_blocks for item in files) * _BLOCK_BYTES
        needed = _ROOM_BYTES + int(used * _ROOM_SHARE)
        room = self._store.room_bytes()
        if room < needed:
            mib = 1 << 20
            what = f"{room // mib} MiB are free; a cut asks for {needed // mib} MiB"
            self._refuse("array.full", what)

    def _open_folders(self, opened: ExitStack) -> OpenFolders:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        paths = (self._store.private, self._folder, self._store.luns)
        descriptors = []
        for path in paths:
            descriptors.append(open_folder(path))
            opened.callback(os.close, descriptors[-1])
        return OpenFolders(*descriptors)

    def _open(self, item: StoredFile, folders: OpenFolders, opened: ExitStack, *, whole: bool) -> Member:
        self._go_on()
        source = os.open(item.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        opened.callback(os.close, source)
        if file_id(source) != item.file_id:
            self._refuse("array.members-changed", f"{item.name} was replaced just now")
        if whole:
            os.close(self._nameless_target(item, source, folders.armed))  # blocks can be shared: that is all
            return Member(item.path, item.file_id, source, None)
        target = self._target(item, source, folders.armed)
        opened.callback(os.close, target)
        return Member(item.path, item.file_id, source, target)

    def _target(self, item: StoredFile, source: int, folder: int) -> int:
        """Open the empty file that an earlier attempt to arm has made, or make it."""
        try:
            target = os.open(item.name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except FileNotFoundError:
            target = self._nameless_target(item, source, folder)
            give_name(target, folder, item.name)
            return target
        if mark_of(target, SOURCE_MARK) != item.file_id or os.fstat(target).st_size:
            os.close(target)
            what = f"{self._names.armed}/{item.name} is there, and is not an empty file for this LUN file"
            self._refuse("array.members-changed", what)
        return target

    def _nameless_target(self, item: StoredFile, source: int, folder: int) -> int:
        """Open a new file that the blocks of a LUN file can go to; that has been tried."""
        target = make_nameless(folder)
        try:
            os.setxattr(target, SOURCE_MARK, item.file_id.encode())
            kernel.take_over_flags(source, target)
            kernel.try_to_share(source, target)
        except OSError as error:
            os.close(target)
            if error.errno not in CANNOT_SHARE:
                raise
            raise refusal(
                error, f"cut {item.name}", subject=self._store.subject, code="array.volume-not-supported"
            ) from error
        return target

    def _demand_no_others(self, files: Sequence[StoredFile]) -> None:
        names = os.listdir(self._folder)  # noqa: PTH208 - names, not paths
        if others := sorted(set(names) - {item.name for item in files}):
            self._refuse("array.members-changed", f"{self._names.armed} also holds {', '.join(others)}")

    def _flush(self, members: Sequence[Member], folders: OpenFolders, *, whole: bool) -> None:
        """Write out what is dirty of the LUN files, and what was made for the cut."""
        for member in members:
            self._go_on()
            os.fsync(member.source)
        if whole:
            subvolumes.flush(folders.luns)
        os.fsync(folders.armed)
        os.fsync(folders.private)

    def _go_on(self) -> None:
        if self._called_off.is_set():
            self._refuse("array.rejected", f"{self._names.stem} was called off")

    def _refuse(self, code: str, what: str) -> NoReturn:
        raise ArrayRejected(what, subject=self._store.subject, code=code)
