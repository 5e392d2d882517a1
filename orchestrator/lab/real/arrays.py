"""The software arrays of the lab: where their LUNs lie, and how a hasty script would copy those."""

from __future__ import annotations

import fcntl
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import ClassVar, Final

from orchestrator.lab.real.file_systems import made_file_system, run
from orchestrator.lab.real.loops import detach, loops_under
from orchestrator.lab.real.order import DATABASE_NAME, LOG_NAME
from orchestrator.lab.real.storage_daemon import StorageDaemon, storage_daemon

FICLONE: Final = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
STORE_BYTES: Final = 8 << 30  # sparse: it takes what is written
LUN_BYTES: Final = {LOG_NAME: 64 << 20, DATABASE_NAME: 320 << 20}


class LabArray(ABC):
    """A software array with two LUNs.

    Attributes:
        url: what to register it with.
        settings: likewise.
    """

    kind: ClassVar[str]
    url: str
    settings: Mapping[str, str]

    @abstractmethod
    def lun(self, name: str) -> Path:
        """Return the file that the host uses as a disk."""

    @abstractmethod
    def split_off(self, name: str) -> Path:
        """Copy one LUN behind everybody's back, at once; return a name for `bytes_of`."""

    @abstractmethod
    def bytes_of(self, split: Path) -> Path:
        """Return a file with what was split off. It may be written to, and deleted."""


class ReflinkLuns(LabArray):
    """LUN files on XFS, which copies a file by sharing its blocks."""

    kind = "software-reflink"

    def __init__(self, store: Path) -> None:
        self.url = f"file://{store}"
        self.settings = {}
        self._store = store
        self._luns = store / "luns"
        self._luns.mkdir()
        self._numbers = count(1)
        for name, size_bytes in LUN_BYTES.items():
            with self.lun(name).open("xb") as file:
                file.truncate(size_bytes)

    def lun(self, name: str) -> Path:
        """Return the LUN's file."""
        return self._luns / name

    def split_off(self, name: str) -> Path:
        """Share the LUN's blocks with a new file."""
        copy = self._store / f"split-{name}-{next(self._numbers)}"
        with self.lun(name).open("rb") as source, copy.open("xb") as target:
            fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
        return copy

    def bytes_of(self, split: Path) -> Path:
        """Return the copy: it is whole as soon as it is there."""
        return split


class DaemonLuns(LabArray):
    """LUNs of a storage daemon, which puts an overlay on a LUN and writes to nothing below it any more.

    Attributes:
        daemon: that serves them.
    """

    kind = "qemu-block"

    def __init__(self, daemon: StorageDaemon) -> None:
        self.url = daemon.url
        overlays = daemon.home / "overlays"
        overlays.mkdir()
        self.settings = {"exports": str(daemon.home / "exports"), "folder": str(overlays)}
        self.daemon = daemon
        self._numbers = count(1)

    def lun(self, name: str) -> Path:
        """Return the export."""
        return self.daemon.exports[name]

    def split_off(self, name: str) -> Path:
        """Put an overlay on the LUN; what was the newest file of it is the copy."""
        newest = self.daemon.newest(name)
        overlay = f"split-{name}-{next(self._numbers)}"
        place = {"snapshot-file": str(self.daemon.home / f"{overlay}.qcow2"), "snapshot-node-name": overlay}
        self.daemon.ask("blockdev-snapshot-sync", {"node-name": newest.node_name, "format": "qcow2", **place})
        return newest.file

    def bytes_of(self, split: Path) -> Path:
        """Copy what the file and all below it hold: the daemon itself needs it unchanged."""
        copy = split.with_name(f"{split.name}.copy")
        run("qemu-img", "convert", "--force-share", "-O", "raw", str(split), str(copy))
        return copy


@contextmanager
def reflink_luns(home: Path) -> Iterator[LabArray]:
    """Make a clone store with LUNs, for the length of the block."""
    image, mount_point = home / "store.img", home / "store"
    with made_file_system("xfs", image, mount_point, STORE_BYTES), _nothing_shown_afterwards(home):
        yield ReflinkLuns(mount_point)


@contextmanager
def daemon_luns(home: Path) -> Iterator[LabArray]:
    """Serve LUNs by a storage daemon, for the length of the block."""
    with storage_daemon(home / "daemon", LUN_BYTES) as daemon, _nothing_shown_afterwards(home):
        yield DaemonLuns(daemon)


@contextmanager
def _nothing_shown_afterwards(home: Path) -> Iterator[None]:
    """Take away the devices of clones that nobody has withdrawn: an array cannot go while it is in use."""
    try:
        yield
    finally:
        detach(loops_under(home))


ARRAYS: Final = {ReflinkLuns.kind: reflink_luns, DaemonLuns.kind: daemon_luns}
