"""An array volume in memory, without a file system: its files are read where they were placed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final, NamedTuple

from orchestrator.ese.checkpoint import read_checkpoint
from orchestrator.ese.database_header import read_header_pair
from orchestrator.ese.log_file import check_log
from orchestrator.ese.log_names import LogKind, parse_name
from orchestrator.ese.log_stream import check_stream
from orchestrator.ese.pages import PageChecker
from orchestrator.ese.reports import DatabaseReport, Judgement, LogReport, StreamReport
from orchestrator.ese.verdict import judge
from orchestrator.hosts.emulated_exchange.emulator.array_volume import Rearrangement
from orchestrator.hosts.emulated_exchange.emulator.mailbox.forms import FORMS
from orchestrator.hosts.emulated_exchange.emulator.mailbox.log_folder import Home
from orchestrator.hosts.emulated_exchange.emulator.mailbox.mailbox_database import MailboxDatabase, Step

SIZE: Final = 4 << 20
BASE: Final = "E00"
HEADERS: Final = 2


class Extent(NamedTuple):
    offset: int
    length: int


class PlainVolume:
    """Takes the place of an `ArrayVolume`: what is rearranged shows with the next write."""

    def __init__(self) -> None:
        self.content = bytearray(SIZE)
        self.places: dict[str, Extent] = {}
        self._names = dict(self.places)
        self._kept: list[tuple[int, bytes]] = []
        self._end = 0

    @contextmanager
    def rearranging(self) -> Iterator[Rearrangement]:
        files: Any = self
        yield Rearrangement(files, lambda offset, data: self._kept.append((offset, data)))

    def write(self, *writes: tuple[int, bytes]) -> None:
        self.places = dict(self._names)
        for offset, data in (*self._kept, *writes):
            self.content[offset : offset + len(data)] = data
        self._kept.clear()

    def add_file(self, path: str, size_bytes: int) -> Extent:
        assert path not in self._names
        extent = self._names[path] = Extent(self._end, size_bytes)
        self._end += size_bytes
        return extent

    def rename(self, path: str, new_path: str) -> None:
        assert new_path not in self._names
        self._names[new_path] = self._names.pop(path)

    def remove(self, path: str) -> None:
        del self._names[path]

    def copy(self) -> dict[str, bytes]:
        """What a clone of it holds now, file by file."""
        return {
            path: bytes(self.content[extent.offset : extent.offset + extent.length])
            for path, extent in self.places.items()
        }


class PlainDatabase:
    """A database on two such array volumes, changed step by step."""

    def __init__(self, exchange: str, *, changes_per_log: int = 1) -> None:
        self.logs, self.pages = PlainVolume(), PlainVolume()
        moments = count()
        start = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
        self.contents = MailboxDatabase(
            "DB01",
            BASE,
            FORMS[exchange],
            Home(self.pages, "DB01", "D:\\DB01"),  # type: ignore[arg-type] # the stand-in
            Home(self.logs, "DB01", "L:\\DB01"),  # type: ignore[arg-type] # the stand-in
            changes_per_log,
            lambda: start + timedelta(milliseconds=next(moments)),
        )
        self.logs.write()
        self.pages.write()

    def step(self, changes: int = 1) -> Iterator[None]:
        """Make changes; pause after each of their writes."""
        for _ in range(changes):
            for volume, writes in self.contents.change():
                assert isinstance(volume, PlainVolume)
                volume.write(*writes)
                yield

    def change(self, changes: int = 1) -> None:
        for _ in self.step(changes):
            pass

    def spoil(self) -> None:
        self.take(self.contents.spoil())

    def take(self, steps: Iterable[Step]) -> None:
        for volume, writes in steps:
            assert isinstance(volume, PlainVolume)
            volume.write(*writes)

    def judge(self) -> Judgement:
        return judge_copies(self.logs.copy(), self.pages.copy())


def judge_copies(logs: dict[str, bytes], pages: dict[str, bytes]) -> Judgement:
    return judge(database_report(pages), stream_report(logs))


def database_report(pages: dict[str, bytes]) -> DatabaseReport:
    (name,) = (path for path in pages if path.endswith(".edb"))
    data = pages[name]
    pair = read_header_pair(data, name)
    assert pair.header is not None
    size = pair.header.page_size
    report = PageChecker(size, name).check(memoryview(data)[HEADERS * size :], 1)
    streaming = next((path for path in pages if path.endswith(".stm")), "")
    return DatabaseReport(name, len(data), pair, report, streaming_path=streaming)


def log_reports(logs: dict[str, bytes]) -> list[LogReport]:
    named = {path: name for path in logs if (name := parse_name(path)) and name.in_stream}
    return [check_log(path, logs[path]) for path in sorted(named, key=lambda path: _place(path))]


def stream_report(logs: dict[str, bytes]) -> StreamReport:
    (checkpoint,) = (path for path in logs if path.endswith(".chk"))
    return check_stream(BASE, log_reports(logs), read_checkpoint(checkpoint, logs[checkpoint]))


def _place(path: str) -> tuple[bool, str]:
    name = parse_name(path)
    assert name is not None
    return name.kind is LogKind.CURRENT, path
