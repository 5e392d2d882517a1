"""Which files of this machine are exports of a daemon, and the LUN identities that hosts see for them.

Read from the kernel's own list of mounts: a look at the file itself would wait for a daemon that hangs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

# The root of any FUSE mount (linux/fuse.h, FUSE_ROOT_ID); the daemon answers `stat` with it as well.
_ROOT_INODE: Final = 1

_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def lun_ids_of(listing: str) -> Mapping[str, str]:
    """Return the LUN identity of each FUSE mount, by its path. The topmost of several mounts counts.

    Args:
        listing: of the form that proc(5) gives for `/proc/<pid>/mountinfo`.
    """
    found: dict[str, str] = {}
    for line in listing.splitlines():
        left, _, right = line.partition(" - ")
        device, path = left.split()[2], _plain(left.split()[4])
        if right.split()[0] == "fuse":
            found[path] = f"file.{device}-{_ROOT_INODE}"
        else:
            found.pop(path, None)  # something else was mounted over it
    return found


def read_lun_ids() -> Mapping[str, str]:
    """Return the LUN identities of this machine's FUSE mounts, by path. Blocks, but never on a daemon."""
    return lun_ids_of(MOUNTS.read_text(encoding="utf-8"))


def _plain(path: str) -> str:
    """Undo the kernel's escapes: blank, tab, newline and backslash come as three octal digits."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 8)), path)
