"""A store: proven to share blocks, known by an id of its own, and what files it has. Blocks."""

from __future__ import annotations

import json
import os
import platform
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn
from uuid import UUID, uuid4

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import ArrayIdentity
from providers.software_reflink import kernel, subvolumes
from providers.software_reflink.errors import CANNOT_SHARE, FULL, refusal, refusals
from providers.software_reflink.mapping import IDENTITY, LUNS, PRIVATE, folder_of_ours
from providers.software_reflink.stored_files import (
    StoredFile,
    give_name,
    look_at,
    make_nameless,
    open_folder,
    opened,
    sync_folder,
)

KINDS: Final = ("xfs", "btrfs")  # what a cut costs was measured on these
_TRIAL: Final = b"quiesce\n" * 512
_IDENTITY_BYTES: Final = 4096


class Store:
    """One store folder. `open` first.

    Attributes:
        array_id: immutable.
        kind: of the file system.
        one_subvolume: all LUN files are in a subvolume of their own, which can be cut as a whole.
    """

    def __init__(self, folder: Path, subject: str) -> None:
        self.folder = folder
        self.subject = subject
        self.luns = folder / LUNS
        self.private = folder / PRIVATE
        self.array_id = ""
        self.kind = ""
        self.one_subvolume = False

    @property
    def identity(self) -> ArrayIdentity:
        """Which store this is."""
        product = f"Reflink store on {self.kind}"
        return ArrayIdentity(self.array_id, str(self.folder), product, platform.release(), emulated=False)

    def open(self) -> None:
        """Prove that LUN files can be cut here, and learn or give the store's id.

        Raises:
            ArrayRejected: `array.store-not-usable`, `array.cannot-reflink`.
        """
        self._look_at_luns()
        made = self._make_private()
        try:
            self._prove()
        except ArrayRejected as error:
            if made:
                with suppress(OSError):
                    self.private.rmdir()
            # A known store that is full must let itself be emptied; `arm` refuses it.
            if error.code != FULL or not (self.private / IDENTITY).exists():
                raise
        with refusals(f"read or write {self.private / IDENTITY}", subject=self.subject):
            self.array_id = self._read_identity() or self._give_identity()

    def lun_files(self) -> list[StoredFile]:
        """List the LUN files: the regular files right below `luns`."""
        with refusals(f"list {self.luns}", subject=self.subject):
            paths = sorted(self.luns.iterdir())
        return [item for path in paths if (item := look_at(path, path.name)) is not None]

    def copies(self) -> Iterator[StoredFile]:
        """List every file in folders of ours: replicas, files that wait for a cut, clones."""
        for folder in self._folders_of_ours():
            kind = "clone" if folder.name.endswith("-clones") else "file"
            for place in (folder, folder / LUNS):
                for path in _paths_in(place):
                    item = look_at(path, str(path.relative_to(self.private)), kind, ours=True)
                    if item is not None:
                        yield item

    def cuts_as_a_whole(self, files: Sequence[StoredFile]) -> bool:
        """Tell whether a snapshot can cut these: their subvolume holds them and nothing else."""
        if not self.one_subvolume:
            return False
        with refusals(f"list {self.luns}", subject=self.subject):
            names = os.listdir(self.luns)  # noqa: PTH208 - names, not paths
        return sorted(names) == sorted(item.name for item in files)

    def clones(self) -> Iterator[StoredFile]:
        """List the clones."""
        return (item for item in self.copies() if item.file_id.startswith("clone-"))

    def room_bytes(self) -> int:
        """Return how much can still be written. Touches the file system itself."""
        with refusals(f"look at {self.folder}", subject=self.subject):
            free = os.statvfs(self.private)
        return free.f_bavail * free.f_frsize

    def _folders_of_ours(self) -> list[Path]:
        with refusals(f"list {self.private}", subject=self.subject):
            paths = _paths_in(self.private)
        return [path for path in paths if folder_of_ours(path.name) is not None]

    # ---------------------------------------------------------------- steps of `open`

    def _look_at_luns(self) -> None:
        try:
            luns = open_folder(self.luns)
        except OSError as error:
            raise refusal(
                error, f"open the folder {self.luns}", subject=self.subject, code="array.store-not-usable"
            ) from error
        try:
            self.kind = kernel.file_system_kind(luns)
            self.one_subvolume = self.kind == "btrfs" and subvolumes.is_subvolume(luns)
        finally:
            os.close(luns)
        if self.kind not in KINDS:
            what = f"{self.folder} lies on neither of {' and '.join(KINDS)}"
            raise ArrayRejected(what, subject=self.subject, code="array.cannot-reflink")

    def _make_private(self) -> bool:
        """Make our folder, unless it is there; tell whether we did. Nobody else may have a hand in it."""
        try:
            self.private.mkdir(mode=0o700)
            sync_folder(self.folder)
        except FileExistsError:
            pass
        except OSError as error:
            raise refusal(
                error, f"make {self.private}", subject=self.subject, code="array.store-not-usable"
            ) from error
        else:
            return True
        status = self.private.lstat()
        if not stat.S_ISDIR(status.st_mode):
            self._not_usable(f"{self.private} is no folder")
        if status.st_uid != os.geteuid():
            self._not_usable(f"{self.private} belongs to another account")
        if stat.S_IMODE(status.st_mode) & 0o077:
            self._not_usable(f"others may enter {self.private}; its mode has to be 0700")
        return False

    def _prove(self) -> None:
        """Share the blocks of one small file with another; neither ever has a name."""
        with refusals(f"write to {self.private}", subject=self.subject, code="array.store-not-usable"):
            folder = open_folder(self.private)
            try:
                source = make_nameless(folder)
                try:
                    target = make_nameless(folder)
                    try:
                        os.write(source, _TRIAL)
                        self._share(source, target)
                    finally:
                        os.close(target)
                finally:
                    os.close(source)
            finally:
                os.close(folder)

    def _share(self, source: int, target: int) -> None:
        try:
            kernel.share_blocks(source, target)
        except OSError as error:
            if error.errno not in CANNOT_SHARE:
                raise
            doing = f"share the blocks of a file in {self.private}"
            raise refusal(error, doing, subject=self.subject, code="array.cannot-reflink") from error

    def _read_identity(self) -> str:
        try:
            with opened(self.private / IDENTITY) as descriptor:
                text = os.read(descriptor, _IDENTITY_BYTES)
        except FileNotFoundError:
            return ""
        try:
            return str(UUID(str(json.loads(text)["array_id"])))
        except (ValueError, TypeError, KeyError):
            self._not_usable(f"{self.private / IDENTITY} does not say which store this is")

    def _give_identity(self) -> str:
        """Give the store an id. Whoever comes second takes that of the first."""
        folder = open_folder(self.private)
        try:
            descriptor = make_nameless(folder)
            try:
                os.write(descriptor, json.dumps({"schema": 1, "array_id": str(uuid4())}).encode() + b"\n")
                os.fsync(descriptor)
                with suppress(FileExistsError):
                    give_name(descriptor, folder, IDENTITY)
            finally:
                os.close(descriptor)
            os.fsync(folder)
        finally:
            os.close(folder)
        return self._read_identity()

    def _not_usable(self, what: str) -> NoReturn:
        raise ArrayRejected(what, subject=self.subject, code="array.store-not-usable")


def _paths_in(folder: Path) -> list[Path]:
    """List a folder; one that is none, or a link, is empty."""
    try:
        return sorted(folder.iterdir()) if not folder.is_symlink() else []
    except (FileNotFoundError, NotADirectoryError):
        return []
