"""The lab's writer: it counts, each number on disk in the log before it goes to the database.

`python -m orchestrator.lab.real.writer LOG_FOLDER DATABASE_FOLDER` is the process. A frozen file system holds
it inside a write, where nothing can end it: so it thaws both when it is to end. When the lab has died it does
so for a while, since everybody else who could have thawed dies as well, in whatever order; and it detaches
what still lies on files of the lab, which the kernel does not.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.fsfreeze import ioctl
from orchestrator.lab.real.file_systems import check_own, thaw
from orchestrator.lab.real.loops import detach, loops_under
from orchestrator.lab.real.order import DATABASE_NAME, LOG_NAME, encode, read_number

READY: Final = b"counting\n"
END: Final = b"."
END_S: Final = 2.0  # it looks up after every number
ORPHAN_S: Final = 1.0  # by then the agent and the watchdog of a dead lab have ended, too
THAW_EVERY_S: Final = 0.01
LOOK_S: Final = 0.05  # a clone is shown for longer


@dataclass(frozen=True, slots=True)
class Writer:
    """One that counts.

    Attributes:
        pid: of its process.
        log: mount point of the log's file system.
        database: mount point of the database's.
    """

    pid: int
    log: Path
    database: Path

    def newest(self) -> int:
        """Return the newest number in the database, on the live file system."""
        return read_number(self.database / DATABASE_NAME)

    def await_numbers(self, more: int, limit_s: float) -> None:
        """Wait until it has counted so much further, or for as long as the limit says."""
        goal, until = self.newest() + more, time.monotonic() + limit_s
        while self.newest() < goal and time.monotonic() < until:
            time.sleep(0.001)


@contextmanager
def counting_writer(log: Path, database: Path) -> Iterator[Writer]:
    """Count on two of the lab's file systems for the length of the block.

    Raises:
        HostError: `lab.child-ended`; it could not begin.
    """
    child = subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, "-m", __name__, str(log), str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C in a terminal is not meant for it
    )
    assert child.stdout is not None  # noqa: S101 - piped above
    try:
        if child.stdout.readline() != READY:
            raise HostError("lab.child-ended", "it could not begin to count", subject=f"pid {child.pid}")
        yield Writer(child.pid, log, database)
    finally:
        try:
            child.communicate(END, END_S)
        except subprocess.TimeoutExpired:
            for place in (log, database):
                thaw(place)
            child.kill()
            child.communicate()


def count_up(log: Path, database: Path, lifeline: int) -> None:
    """Count until the lifeline says END, or ends. The first number is in both files before READY is said."""
    descriptors = [_opened(log / LOG_NAME), _opened(database / DATABASE_NAME)]
    hand = LastHand((log, database), lifeline)
    hand.start()
    try:
        for number in count(1):
            for descriptor in descriptors:
                os.pwrite(descriptor, encode(number), 0)  # returns when the bytes are on the device
            if number == 1:
                os.write(sys.stdout.fileno(), READY)
            if hand.ending.is_set():
                return
    finally:  # also when the storage daemon of a dead lab has ended first
        hand.counted.set()
        hand.join()


class LastHand(threading.Thread):
    """Waits for the end and thaws from then on, so that the writer can come to its own.

    The folder that the mount points are in is the lab's.

    Attributes:
        ending: the writer is to end.
        counted: it writes no more.
    """

    def __init__(self, mount_points: Sequence[Path], lifeline: int) -> None:
        super().__init__(daemon=True)
        for place in mount_points:
            check_own(place)
        self._lab = mount_points[0].parent
        # By descriptor: a path may lead to the machine's own file system once ours is gone.
        self._places = [os.open(place, os.O_RDONLY | os.O_DIRECTORY) for place in mount_points]
        self._lifeline = lifeline
        self.ending = threading.Event()
        self.counted = threading.Event()

    def run(self) -> None:
        """Wait, then thaw."""
        # Again and again, since by the end the paths may be lost: a storage daemon's go with it.
        loops = loops_under(self._lab)
        while not select.select([self._lifeline], [], [], LOOK_S)[0]:
            loops = loops_under(self._lab)
        orphaned = os.read(self._lifeline, len(END)) != END
        self.ending.set()
        until = time.monotonic() + (ORPHAN_S if orphaned else 0.0)
        while not self.counted.is_set() or time.monotonic() < until:
            for place in self._places:
                ioctl.thaw(place)
            time.sleep(THAW_EVERY_S)
        if orphaned:
            detach({**loops, **loops_under(self._lab)})


def _opened(path: Path) -> int:
    """Make a file of which every later write only changes bytes in place, and whose name is on the device."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DSYNC, 0o600)
    os.pwrite(descriptor, encode(0), 0)
    os.fsync(descriptor)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
    return descriptor


if __name__ == "__main__":
    count_up(Path(sys.argv[1]), Path(sys.argv[2]), sys.stdin.fileno())
