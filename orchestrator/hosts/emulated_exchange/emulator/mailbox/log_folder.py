"""The files of one log stream: names, places, and the oldest log that becomes the next one."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from orchestrator.hosts.emulated_exchange.emulator.array_volume import ArrayVolume
from orchestrator.hosts.emulated_exchange.emulator.mailbox.checkpoint_file import SIZE_BYTES
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import ExchangeForm

KEPT: Final = 10  # archived generations; older ones are as good as removed by last night's backup


class Home(NamedTuple):
    r"""A folder on an array volume.

    Attributes:
        folder: its name there.
        host_path: what the host calls it ("L:\\DB01").
    """

    volume: ArrayVolume
    folder: str
    host_path: str


class _Archived(NamedTuple):
    generation: int
    path: str
    offset: int


class LogFolder:
    """Where the logs of a stream lie in their array volume.

    Raises:
        OSError: ENOSPC, there is no room for them.
    """

    def __init__(self, home: Home, base: str, form: ExchangeForm, log_bytes: int) -> None:
        self.volume = home.volume
        self._folder = home.folder
        self._base = base
        self._form = form
        self._log_bytes = log_bytes
        self._archived: deque[_Archived] = deque()
        self.range: tuple[int, int] | None = None  # of the archived generations; replaced, never changed
        with self.volume.rearranging() as change:
            self.checkpoint = change.files.add_file(self._path(f"{base}.chk"), SIZE_BYTES).offset
            for name in (f"{base}tmp.log", *form.reserve_names(base)):
                change.files.add_file(self._path(name), log_bytes)
            self.current = change.files.add_file(self._current, log_bytes).offset

    def archive(self, generation: int, following: bytes) -> None:
        """Give the current log its number, and its name to the oldest one, which begins with `following`.

        All of it goes out in one piece with the next write to the array volume. A server that is killed
        inside leaves the current log whole, under either name.
        """
        with self.volume.rearranging() as change:
            archived = self._path(self._form.log_name(self._base, generation))
            self._archived.append(_Archived(generation, archived, self.current))
            if len(self._archived) <= KEPT:
                change.files.rename(self._current, archived)
                self.current = change.files.add_file(self._current, self._log_bytes).offset
                change.write(self.current, following)
            else:
                oldest = self._archived.popleft()
                self.current = oldest.offset
                change.write(self.current, following)
                change.files.rename(self._current, archived)
                change.files.rename(oldest.path, self._current)
        self._note_range()

    def remove_below(self, generation: int) -> None:
        """Delete the archived logs before a generation, in one piece with the next write."""
        with self.volume.rearranging() as change:
            while self._archived and self._archived[0].generation < generation:
                change.files.remove(self._archived.popleft().path)
        self._note_range()

    def _note_range(self) -> None:
        archived = self._archived
        self.range = (archived[0].generation, archived[-1].generation) if archived else None

    @property
    def _current(self) -> str:
        return self._path(f"{self._base}.log")

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"
