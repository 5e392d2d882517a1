"""A cut that needs nothing any more but to be made: every file open, and a thread that waits for it.

The cut is: share the blocks of each LUN file, or snapshot their subvolume; then one rename of the folder from
`.armed` to `.cut`, which happens only if the first name is still there and the second is free. An abort takes
the first name away. So whichever comes later finds nothing to do, in this process or after its death.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import ArrayRejected
from orchestrator.model.arrays import CutAnswer
from providers.software_reflink import kernel, subvolumes
from providers.software_reflink.errors import refusal
from providers.software_reflink.mapping import LUNS, FolderNames


@dataclass(frozen=True, slots=True)
class Member:
    """A LUN file and what its blocks go to.

    Attributes:
        path: where the LUN file was when it was armed.
        volume_id: the array volume that it is.
        source: it, open.
        target: an empty file, open; None when the whole subvolume is cut.
    """

    path: Path
    volume_id: str
    source: int
    target: int | None


@dataclass(frozen=True, slots=True)
class OpenFolders:
    """Folders that the cut needs, open: ours, the one that is armed, and the one with the LUN files."""

    private: int
    armed: int
    luns: int

    def close(self) -> None:
        """Close them."""
        for descriptor in (self.private, self.armed, self.luns):
            os.close(descriptor)


class ArmedFiles:
    """One armed cut. `start` makes it, at most once; `finish` closes everything, made or not."""

    def __init__(
        self, names: FolderNames, members: tuple[Member, ...], folders: OpenFolders, cut_id: str, subject: str
    ) -> None:
        self.names = names
        self.members = members
        self._folders = folders
        self._cut_id = cut_id
        self._subject = subject
        self._lock = threading.Lock()
        self._called_off = threading.Event()
        self._closed = False
        self._future: Future[CutAnswer] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"cut {names.stem}")
        self._thread.submit(int).result()  # a thread takes a while to start: not inside the window

    @property
    def volume_ids(self) -> frozenset[str]:
        """The planned members."""
        return frozenset(member.volume_id for member in self.members)

    @property
    def atomic(self) -> bool:
        """Whether all members are cut at one instant."""
        return all(member.target is None for member in self.members)

    def start(self) -> Future[CutAnswer]:
        """Let the thread make the cut.

        Raises:
            ArrayRejected: it was made or called off before.
        """
        with self._lock:
            if self._future is not None or self._called_off.is_set():
                raise self._rejected("it is not armed any more")
            self._future = self._thread.submit(self._cut)
            return self._future

    def finish(self, limit_s: float) -> None:
        """Call the cut off, wait for the thread, and close everything; a thread that is late does so itself.

        Nothing may be closed before the thread has ended: another file could get the same number.
        """
        with self._lock:
            self._called_off.set()
            future = self._future
        self._thread.shutdown(wait=False)
        if future is None or future.cancel():
            self._close()
            return
        wait({future}, timeout=limit_s)
        future.add_done_callback(lambda _: self._close())  # at once, if it has ended

    # ---------------------------------------------------------------- in the thread

    def _cut(self) -> CutAnswer:
        try:
            self._share()
            self._same_files()
            self._go_on()
            kernel.rename_if_free(self._folders.private, self.names.armed, self.names.cut)
        except OSError as error:
            raise refusal(error, f"cut {self.names.stem}", subject=self._subject) from error
        return CutAnswer(self._cut_id, self.names.cut)

    def _share(self) -> None:
        """Serially: two threads took up to half as long again as one on XFS, and on btrfs a fifth."""
        for member in self.members:
            self._go_on()
            if member.target is None:
                subvolumes.cut_subvolume(self._folders.luns, self._folders.armed, LUNS)
                return
            kernel.share_blocks(member.source, member.target)

    def _same_files(self) -> None:
        """Check that the LUN files still are those that were armed: by name, and in a snapshot as well."""
        for member in self.members:
            armed = os.fstat(member.source)
            try:
                found = member.path.lstat()
                same = (found.st_dev, found.st_ino) == (armed.st_dev, armed.st_ino)
                if member.target is None:
                    copied = os.stat(f"{LUNS}/{member.path.name}", dir_fd=self._folders.armed)
                    same = same and copied.st_ino == armed.st_ino
            except FileNotFoundError:
                same = False
            if not same:
                what = f"{member.path.name} is not the file that was armed"
                raise self._rejected(what, "array.members-changed")

    def _go_on(self) -> None:
        if self._called_off.is_set():
            raise self._rejected("it was called off")

    def _rejected(self, what: str, code: str = "array.rejected") -> ArrayRejected:
        return ArrayRejected(f"{self.names.stem}: {what}", subject=self._subject, code=code)

    def _close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for member in self.members:
            os.close(member.source)
            if member.target is not None:
                os.close(member.target)
        self._folders.close()
