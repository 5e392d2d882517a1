"""One process and no other: numbers are used again."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START_TIME: Final = 21  # field 22 of /proc/PID/stat, counted from 1, see proc(5)
AFTER_NAME: Final = 2  # fields before and with the name, which may itself hold blanks and parentheses


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process by its number and its start.

    Attributes:
        pid: its number.
        started: when, in clock ticks since the machine's own start.
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Return the identity of a process that runs.

        Raises:
            ProcessLookupError: there is none of that number.
        """
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except FileNotFoundError:
            raise ProcessLookupError(pid) from None
        return cls(pid, int(stat.rpartition(b")")[2].split()[START_TIME - AFTER_NAME]))

    def kill(self, patience_s: float) -> bool:
        """Kill this very process, and tell whether it has ended: not if the kernel keeps it in a call."""
        with self._handle() as handle:
            if handle is None:
                return True
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            return _has_ended(handle, patience_s)

    @contextmanager
    def _handle(self) -> Iterator[int | None]:
        """Open the process itself, so that its number cannot pass to another meanwhile."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            yield None
            return
        try:
            yield handle if self._is_meant() else None
        finally:
            os.close(handle)

    def _is_meant(self) -> bool:
        try:
            return ProcessIdentity.of(self.pid) == self
        except ProcessLookupError:
            return False


def _has_ended(handle: int, patience_s: float) -> bool:
    ended = select.poll()
    ended.register(handle, select.POLLIN)
    return bool(ended.poll(patience_s * 1000))
