"""Holds some file systems of this machine by the kernel's own freeze."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from orchestrator.hosts.fsfreeze.held_file_system import HeldFileSystem
from orchestrator.hosts.fsfreeze.side_by_side import all_at_once
from orchestrator.hosts.watchdog.hold import Hold, HoldFailed


class IoctlHold(Hold):
    """One freeze over some file systems, all at once.

    Args:
        file_systems: for each one its "device" and its "mount_points", by path the number that `os.stat`
            gave its device when it was surveyed.
    """

    def __init__(self, file_systems: Sequence[Mapping[str, Any]]) -> None:
        self._file_systems = [HeldFileSystem(one["device"], one["mount_points"]) for one in file_systems]

    def prepare(self) -> None:
        """Open a mount point of each, and write out what is dirty."""
        for one in self._file_systems:
            one.open()
            one.flush()

    def flush(self, cancelled: threading.Event) -> None:
        """Write out what has become dirty since."""
        all_at_once([one.flush for one in self._file_systems], cancelled, self._undo)

    def freeze(self, cancelled: threading.Event) -> int:
        """Freeze each in a thread of its own: together that takes as long as the slowest of them."""
        all_at_once([one.freeze for one in self._file_systems], cancelled, self._undo)
        return len(self._file_systems)

    def thaw(self) -> int:
        """Thaw each that we may have frozen; the others also when one fails."""
        thawed, failures = 0, []
        for one in self._file_systems:
            try:
                thawed += one.thaw()
            except HoldFailed as failure:
                failures.append(failure)
        if failures:
            raise failures[0]
        return thawed

    def proven_thawed(self) -> bool:
        """Tell whether the kernel finds nothing to thaw."""
        with suppress(HoldFailed):
            return self.thaw() == 0
        return False

    def reopen(self) -> None:
        """Open whatever is still mounted. All of it may be frozen; `thaw` complains of what is missing."""
        for one in self._file_systems:
            one.reopen()

    def close(self) -> None:
        """Close the mount points."""
        for one in self._file_systems:
            one.close()

    def _undo(self) -> None:
        with suppress(HoldFailed):  # `thaw` is called again when all have ended, and complains then
            self.thaw()
