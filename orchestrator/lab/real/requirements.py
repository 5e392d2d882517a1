"""What the lab of real parts needs of the machine, all of it named at once."""

from __future__ import annotations

import os
import shutil
from typing import Final

from orchestrator.errors import BadInput

# Programs, and Debian's packages of them.
PROGRAMS: Final = {
    "setpriv": "util-linux",
    "mount": "mount",
    "losetup": "mount",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "qemu-ga": "qemu-guest-agent",
    "qemu-img": "qemu-utils",
    "qemu-storage-daemon": "qemu-system-common",
}


def demand_requirements(subject: str) -> None:
    """Check what would otherwise be found missing half-way.

    Raises:
        BadInput: `lab.command-failed`; not root, or programs are missing.
    """
    if os.geteuid() != 0:
        what = "only root may make, mount and freeze file systems"
        raise BadInput("lab.command-failed", what, subject=subject, remedy="Run it as root.")
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        packages = " ".join(sorted({PROGRAMS[program] for program in missing}))
        what = f"not installed: {', '.join(missing)}"
        remedy = f"On Debian: apt-get install {packages}. They may also lie outside PATH, in /usr/sbin."
        raise BadInput("lab.command-failed", what, subject=subject, remedy=remedy)
