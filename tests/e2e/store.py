"""The array's store: LUN files on XFS, which copies a file by sharing its blocks."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.lab.real.file_systems import run

FICLONE: Final = 0x40049409  # linux/fs.h: _IOW(0x94, 9, int)
STORE_BYTES: Final = 8 << 30  # sparse: it takes what is written
LUN_BYTES: Final = 128 << 20
BLOCK_BYTES: Final = 4096


@dataclass(frozen=True)
class Store:
    """A mounted store."""

    root: Path

    def lun(self, name: str) -> Path:
        """Return the file of a LUN."""
        return self.root / "luns" / name

    def make_lun(self, name: str, *, in_pieces: bool) -> None:
        """Make a LUN with an ext4 file system on it.

        Args:
            name: of its file.
            in_pieces: every other block is an extent of its own, which makes a reflink slow: some 0.2 s
                instead of less than a millisecond.
        """
        self.lun(name).parent.mkdir(exist_ok=True)
        with self.lun(name).open("xb") as file:
            file.truncate(LUN_BYTES)
            if in_pieces:
                for offset in range(0, LUN_BYTES, 2 * BLOCK_BYTES):
                    os.pwrite(file.fileno(), bytes(BLOCK_BYTES), offset)
                os.fsync(file.fileno())
        run("mkfs.ext4", "-q", "-F", "-E", "nodiscard", str(self.lun(name)))

    def break_off(self, names: Sequence[str], into: Path) -> dict[str, Path]:
        """Copy LUNs one after the other with nothing frozen, which Quiesce refuses to do."""
        into.mkdir()
        copies = {name: into / name for name in names}
        for name, path in copies.items():
            with self.lun(name).open("rb") as source, path.open("xb") as copy:
                fcntl.ioctl(copy.fileno(), FICLONE, source.fileno())
        return copies
