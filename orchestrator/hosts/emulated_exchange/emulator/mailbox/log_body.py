"""What the two kinds of log bodies have in common."""

from __future__ import annotations

from hashlib import shake_256
from typing import Final, Protocol

from orchestrator.hosts.emulated_exchange.emulator.mailbox.structures import Write

FLUSH_BYTES: Final = 8192  # what each flush of the log buffer writes: one change
SPARE_BYTES: Final = 4096  # at the end of a log; its last sector never holds data
_POOL_STEPS: Final = 1024
_POOL: Final = shake_256(b"log records").digest(FLUSH_BYTES + 8 * _POOL_STEPS)


class LogBody(Protocol):
    """What comes after the header of the current log."""

    sector_size: int

    def begin(self, generation: int) -> bytes:
        """Start another generation; return what is written of it together with its header."""

    @property
    def full(self) -> bool:
        """There is no room for another flush."""

    @property
    def chain_checksum(self) -> int:
        """Over all that was written: it goes into the header of the next log. 0 if there is no such thing."""

    def flush(self, change: int, moment: bytes) -> Write:
        """Add the records of a change, written at a LOGTIME."""


def records_of(change: int, size: int) -> bytes:
    """Return what stands for the log records of a change: other bytes for the next one."""
    start = change % _POOL_STEPS * 8
    return change.to_bytes(8, "little") + _POOL[start : start + size - 8]
