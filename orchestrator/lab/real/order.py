"""Whether two copies, one of the log's LUN and one of the database's, can be of one instant.

The lab's writer counts: each number goes to the log first and to the database next, on disk before the next
one. So at every instant `database <= log <= database + 1`, and so in every pair of copies of one instant.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.lab.real.file_systems import mounted, mounted_file

LOG_NAME: Final = "log"
DATABASE_NAME: Final = "db"
NUMBER_BYTES: Final = 8

# What was frozen needs nothing replayed, and gets nothing. XFS must not mind meeting its own id twice.
AS_IT_IS: Final = {
    "ext4": ("ro", "noload"),
    "xfs": ("ro", "norecovery", "nouuid"),
    "btrfs": ("ro", "rescue=nologreplay"),
}
# What was not frozen has part of its folders in its journal only: it is repaired as after a power cut.
REPAIRED: Final[dict[str, tuple[str, ...]]] = {"ext4": (), "xfs": ("nouuid",), "btrfs": ()}


@dataclass(frozen=True, slots=True)
class Order:
    """The numbers that a pair of copies holds."""

    log: int
    database: int

    @property
    def torn(self) -> bool:
        """Whether there was no instant at which both were on disk."""
        return not self.database <= self.log <= self.database + 1


@dataclass(frozen=True, slots=True)
class Copy:
    """The bytes of a LUN.

    Attributes:
        source: a file or a block device that holds them; it is written to unless `frozen`.
        kind: of the file system on it.
        frozen: whether that was frozen when the copy was made.
    """

    source: Path
    kind: str
    frozen: bool = True

    @property
    def mount_options(self) -> tuple[str, ...]:
        """How it is mounted to be looked at."""
        return AS_IT_IS[self.kind] if self.frozen else REPAIRED[self.kind]


def encode(number: int) -> bytes:
    """Return what the writer writes."""
    return number.to_bytes(NUMBER_BYTES, "big")


def read_number(file: Path) -> int:
    """Return what a file of the writer's holds.

    Raises:
        ValueError: it never wrote there.
    """
    data = file.read_bytes()
    if len(data) != NUMBER_BYTES:
        raise ValueError(f"{file.name} holds {len(data)} bytes, not {NUMBER_BYTES}")
    return int.from_bytes(data, "big")


def order_of(log: Copy, database: Copy, folder: Path) -> Order:
    """Mount both copies in an empty folder and read them.

    Raises:
        HostError: `lab.command-failed`; one cannot be mounted.
        OSError, ValueError: the writer's file is not there, or is not whole.
    """
    with ExitStack() as stack:
        for name, copy in ((LOG_NAME, log), (DATABASE_NAME, database)):
            stack.enter_context(_mounted(copy, folder / name))
        return Order(
            log=read_number(folder / LOG_NAME / LOG_NAME),
            database=read_number(folder / DATABASE_NAME / DATABASE_NAME),
        )


def _mounted(copy: Copy, mount_point: Path) -> AbstractContextManager[object]:
    if copy.source.is_block_device():
        return mounted(str(copy.source), mount_point, *copy.mount_options)
    return mounted_file(copy.source, mount_point, *copy.mount_options)
