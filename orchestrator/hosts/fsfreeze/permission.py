"""Whether this process may freeze file systems. Blocking."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from orchestrator.errors import HostError

STATUS: Final = Path("/proc/self/status")
CAP_SYS_ADMIN: Final = 21  # linux/capability.h
EFFECTIVE: Final = re.compile(r"^CapEff:\s*([0-9a-f]+)$", re.MULTILINE)


def demand_permission(name: str, status: Path = STATUS) -> None:
    """Refuse a process that may not freeze.

    Args:
        name: what the host is registered as.
        status: what the kernel tells of this process, see proc(5).

    Raises:
        HostError: `host.not-permitted`.
    """
    found = EFFECTIVE.search(status.read_text(encoding="utf-8"))
    if found is None or not int(found[1], 16) >> CAP_SYS_ADMIN & 1:
        what = "this process may not freeze file systems: it has no CAP_SYS_ADMIN"
        raise HostError("host.not-permitted", what, subject=name)
