"""The folder of overlays and clones, on this machine's own disk. Everything here blocks; call it in a thread.

.quiesce-store.json           which array this is, for ever
<overlay>.qcow2               armed, or cut and part of a chain
<stem>.void                   this attempt's cut was given up, but a layer of it is still needed
clones/<clone>.qcow2          its image; clones/<clone> beside it is where it is presented
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from orchestrator.errors import ArrayError
from providers.qemu_block.image import HEAD_BYTES, ImageHead, holds_data
from providers.qemu_block.names import IMAGE, VOID, OverlayName, stem_of_clone

IDENTITY: Final = ".quiesce-store.json"


@dataclass(frozen=True, slots=True)
class Image:
    """A qcow2 file of ours. `below` and `empty` are what its head says; one without a head is empty."""

    path: Path
    below: str
    size_bytes: int
    empty: bool

    @property
    def name(self) -> str:
        """What the overlay or the clone is called."""
        return self.path.name.removesuffix(IMAGE)


@dataclass(frozen=True, slots=True)
class Overlay:
    """An overlay's file."""

    name: OverlayName
    image: Image

    @property
    def file(self) -> str:
        """Its path, as the daemon is told it."""
        return str(self.image.path)


class Store:
    """One folder. `subject` is what errors call it."""

    def __init__(self, folder: Path, subject: str) -> None:
        self.folder = folder
        self.clone_folder = folder / "clones"
        self._subject = subject

    def open(self) -> str:
        """Return the id of the array this folder belongs to; the first call ever makes it up.

        Raises:
            ArrayError: `array.store-not-usable`.
        """
        try:
            self.clone_folder.mkdir(exist_ok=True)
            if self.folder.stat().st_mode & 0o002:
                raise self._unusable("everybody may write to it")
            identity = self.folder / IDENTITY
            if not identity.exists():
                self._make_identity(identity)
            return str(UUID(str(json.loads(identity.read_bytes())["array_id"])))
        except OSError as error:
            raise self._unusable(error.strerror or type(error).__name__) from error
        except (ValueError, KeyError, TypeError):
            raise self._unusable(f"{IDENTITY} in it is damaged") from None

    def _make_identity(self, identity: Path) -> None:
        draft = self.folder / f"{IDENTITY}.{uuid4().hex}"
        try:
            with draft.open("xb") as file:
                file.write(json.dumps({"array_id": str(uuid4())}).encode())
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # somebody else was quicker
                os.link(draft, identity)  # whole or not at all
        finally:
            draft.unlink(missing_ok=True)
        sync(self.folder)

    def free_bytes(self) -> int:
        """Return how much room there is for what hosts will write."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    # ---------------------------------------------------------------- images

    def overlay_path(self, name: OverlayName) -> Path:
        """Return where an overlay's file is, or will be."""
        return self.folder / f"{name}{IMAGE}"

    def clone_path(self, name: str) -> Path:
        """Return where a clone's image is, or will be."""
        return self.clone_folder / f"{name}{IMAGE}"

    def mount_point(self, name: str) -> Path:
        """Return where a clone is presented."""
        return self.clone_folder / name

    def overlays(self) -> Sequence[Overlay]:
        """List every overlay of any installation of Quiesce; other files are not looked at."""
        images = ((OverlayName.parse(path.name.removesuffix(IMAGE)), path) for path in self._in(self.folder))
        return [Overlay(name, _read(path)) for name, path in images if name is not None]

    def clones(self) -> Sequence[Image]:
        """List every clone likewise."""
        return [
            _read(path)
            for path in self._in(self.clone_folder)
            if stem_of_clone(path.name.removesuffix(IMAGE)) is not None
        ]

    def _in(self, folder: Path) -> Sequence[Path]:
        return sorted(folder.glob(f"*{IMAGE}"))

    def keep(self, path: Path) -> None:
        """Make a new file survive a crash of the machine."""
        sync(path)
        sync(path.parent)

    def remove(self, path: Path) -> None:
        """Delete a file; one that is gone is success."""
        path.unlink(missing_ok=True)

    # ---------------------------------------------------------------- cuts given up

    def give_up(self, stem: str) -> None:
        """Note that a cut is void, although a layer of it is still needed."""
        note = self.folder / f"{stem}{VOID}"
        note.touch()
        self.keep(note)

    def forget(self, stem: str) -> None:
        """Drop that note: nothing of the cut is left."""
        (self.folder / f"{stem}{VOID}").unlink(missing_ok=True)

    def given_up(self) -> frozenset[str]:
        """Return the attempts whose cuts are void."""
        return frozenset(path.name.removesuffix(VOID) for path in self.folder.glob(f"*{VOID}"))

    def _unusable(self, what: str) -> ArrayError:
        remedy = "Name a folder that belongs to the account of Quiesce and that nobody else may write to."
        subject = f"{self._subject}: {self.folder}"
        return ArrayError("array.store-not-usable", what, subject=subject, remedy=remedy)


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> Image:
    try:
        with path.open("rb") as file:
            head = ImageHead.parse(file.read(HEAD_BYTES))
            file.seek(head.l1_offset)
            return Image(
                path, head.backing_file, head.size_bytes, empty=not holds_data(file.read(head.l1_bytes))
            )
    except (FileNotFoundError, ValueError):
        return Image(path, "", 0, empty=True)  # gone by now, or its making was interrupted
