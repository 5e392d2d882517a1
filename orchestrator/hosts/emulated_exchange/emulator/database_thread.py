"""One database's thread: it changes the database without pause until it is asked to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from itertools import count
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.array_volume import ArrayVolume, Handle
from orchestrator.hosts.emulated_exchange.emulator.mailbox.mailbox_database import MailboxDatabase, Step

LOOK_S: Final = 0.0005  # how often a stopped thread looks whether it may go on

CATCH_UP_S: Final = 0.02  # of changes that a busy machine held up are made at once


class DatabaseThread(threading.Thread):
    """Changes one database, at an even pace. Only `join` ever waits for it."""

    def __init__(self, name: str, database: MailboxDatabase, pause_s: float) -> None:
        super().__init__(name=f"mailbox-store-{name}", daemon=True)
        self.database = name
        self._contents = database
        self._pause_s = pause_s
        self._tickets = count(1)
        self._stop_ticket = 0  # of the request that keeps it stopped; 0: it may run
        self._stopped_for = 0  # the last request that it obeyed
        self._to_spoil = False
        self._truncate_below = 0  # this generation; 0: nothing is to be deleted
        self._closing = False

    def ask_to_stop(self) -> int:
        """Ask it to stop before its next change, and return the ticket of this request."""
        self._stop_ticket = next(self._tickets)
        return self._stop_ticket

    def obeys(self, ticket: int) -> bool:
        """Tell whether it lives, and nothing has overruled this request."""
        return self.is_alive() and self._stop_ticket == ticket

    def has_stopped(self, ticket: int) -> bool:
        """Tell whether it has stopped for this request."""
        return self._stopped_for == ticket

    def resume(self) -> None:
        """Let it go on."""
        self._stop_ticket = 0

    def spoil(self) -> None:
        """Let one of its pages rot, before it next stops or changes."""
        self._to_spoil = True

    @property
    def checkpoint(self) -> int:
        """The oldest generation that recovery needs."""
        return self._contents.checkpoint

    @property
    def archived(self) -> tuple[int, int] | None:
        """The lowest and the highest generation of its full logs."""
        return self._contents.archived

    def truncate(self, below: int) -> None:
        """Let it delete the logs before a generation, once it may run."""
        self._truncate_below = below

    @property
    def truncates(self) -> bool:
        """Whether it lives, and has yet to delete what it was told to."""
        return self.is_alive() and self._truncate_below > 0

    def close(self) -> None:
        """Let it end."""
        self._closing = True

    def run(self) -> None:
        """Change the database. It ends when its array volumes are gone, as a store dismounts then."""
        with suppress(OSError), ExitStack() as stack:
            handles = {volume: stack.enter_context(volume.opened()) for volume in self._contents.volumes}
            due_s = time.monotonic()
            while not self._closing:
                if self._to_spoil:
                    self._to_spoil = False
                    _take(self._contents.spoil(), handles)
                if ticket := self._stop_ticket:
                    self._stopped_for = ticket
                    time.sleep(LOOK_S)
                    continue
                if below := self._truncate_below:
                    _take(self._contents.truncate(below), handles)
                    self._truncate_below = 0
                _take(self._contents.change(), handles)
                now_s = time.monotonic()
                due_s = next_due_s(due_s, self._pause_s, now_s)
                time.sleep(max(0.0, due_s - now_s))


def next_due_s(due_s: float, pause_s: float, now_s: float) -> float:
    """Return when the change after the one is due that was due at `due_s`; what is long past is let go."""
    return max(due_s + pause_s, now_s - CATCH_UP_S)


def _take(steps: Iterable[Step], handles: dict[ArrayVolume, Handle]) -> None:
    for volume, writes in steps:
        volume.write(handles[volume], *writes)
