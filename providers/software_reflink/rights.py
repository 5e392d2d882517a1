"""What the account lacks for a run. Blocks, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from providers.shared.loop_devices import losetup_found
from providers.software_reflink.store import Store

_CAP_SYS_ADMIN: Final = 21  # linux/capability.h


def missing(store: Store) -> tuple[str, ...]:
    """Name each right that is missing, in the words of the system."""
    return tuple(_missing(store))


def _missing(store: Store) -> Iterator[str]:
    if not os.access(store.private, os.R_OK | os.W_OK | os.X_OK):
        yield f"read and write access to {store.private}"
    if not os.access(store.luns, os.R_OK | os.X_OK):
        yield f"read access to {store.luns}"
        return
    for path in sorted(store.luns.iterdir()):
        if path.is_file() and not path.is_symlink() and not os.access(path, os.R_OK):
            yield f"read access to {path}"
    if not is_administrator():
        yield "CAP_SYS_ADMIN, to present clones by loop devices and to remove snapshots of btrfs"
    elif not losetup_found():
        yield "the program losetup, to present clones by loop devices"


def is_administrator() -> bool:
    """Tell whether this process has CAP_SYS_ADMIN: an account in a container may be root without it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> _CAP_SYS_ADMIN & 1)
    return False
