"""What would keep this machine's file systems from being frozen. Blocking, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from orchestrator.hosts.watchdog.open_sets import open_set_check
from orchestrator.model.hosts import CheckStatus, HostCheck


def examination(
    obstacles: Mapping[str, str | None], runtime_folder: Path, subject: str
) -> Iterator[HostCheck]:
    """Judge this machine. Its process has been found to have the right to freeze, or it would not be here.

    Args:
        obstacles: by what a file system is called, why it is not to be frozen; None if nothing is in the way.
        runtime_folder: where leases lie.
        subject: what a set of this machine holds.
    """
    yield HostCheck("rights", CheckStatus.GOOD, "This process may freeze file systems.")
    freezable = [name for name, obstacle in obstacles.items() if obstacle is None]
    if freezable:
        others = "".join(f" Not {name}: {why}." for name, why in obstacles.items() if why is not None)
        found = f"{len(freezable)} of {len(obstacles)} can be frozen.{others}"
        yield HostCheck("file systems", CheckStatus.GOOD, found)
    else:
        found = " ".join(f"Not {name}: {why}." for name, why in obstacles.items()) or "There is none."
        remedy = (
            "Put what is to be cloned on a file system of its own, not on this machine's root, and mount it."
        )
        yield HostCheck("file systems", CheckStatus.BAD, found, remedy)
    yield open_set_check(runtime_folder, subject)
