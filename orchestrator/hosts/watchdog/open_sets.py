"""Whether a watchdog holds a set of a host already: what an examination says of it. Blocking."""

from __future__ import annotations

from pathlib import Path

from orchestrator.hosts.watchdog.lease import SUFFIX
from orchestrator.model.hosts import CheckStatus, HostCheck


def open_set_check(folder: Path, subject: str) -> HostCheck:
    """Look for the lease of another set; two cannot hold one subject.

    Args:
        folder: where leases lie.
        subject: what only one set at a time may hold (see `LeaseClaim`).
    """
    leases = sorted(folder.glob(f"{subject}.*{SUFFIX}"))
    if not leases:
        return HostCheck("another set", CheckStatus.GOOD, "No set is open on it.")
    set_id = leases[0].name.removeprefix(f"{subject}.").removesuffix(SUFFIX)
    return HostCheck(
        "another set",
        CheckStatus.BAD,
        f"The set {set_id} is open on it, as {leases[0]} says.",
        "Wait for its run to end. If none is running, `quiesce recover` ends what a dead run left behind.",
    )
