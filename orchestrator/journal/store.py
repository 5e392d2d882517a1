"""Journals as files: one JSON line an entry, synced, under a lock that dies with the process."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from orchestrator.errors import InDoubt
from orchestrator.journal.entries import Entry, EntryKind


class Journal(Protocol):
    """Where a run writes down what it does."""

    async def record(self, kind: EntryKind, data: Mapping[str, Any] | None = None) -> None:
        """Return once the entry would survive a power cut."""


class JournalFile:
    """A journal that this process holds."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    async def record(self, kind: EntryKind, data: Mapping[str, Any] | None = None) -> None:
        """Append and sync, off the event loop."""
        await asyncio.to_thread(self.append, Entry(kind, datetime.now(UTC), data or {}))

    def append(self, entry: Entry) -> None:
        """Append one entry and sync it."""
        line = json.dumps({"kind": entry.kind, "at": entry.at.isoformat(), "data": entry.data}) + "\n"
        self._file.write(line.encode("ascii"))
        self._file.flush()
        os.fdatasync(self._file.fileno())

    def entries(self) -> tuple[Entry, ...]:
        """Read the file back."""
        return read_entries(Path(self._file.name))


class MemoryJournal:
    """A journal for tests of the engine: same order of events, nothing on disk."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def record(self, kind: EntryKind, data: Mapping[str, Any] | None = None) -> None:
        """Keep the entry."""
        self.entries.append(Entry(kind, datetime.now(UTC), data or {}))


@contextmanager
def new_journal(folder: Path, run_name: str) -> Iterator[JournalFile]:
    """Make and hold the journal of a new run."""
    with (folder / f"{run_name}.jsonl").open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(folder)
        yield JournalFile(file)


@contextmanager
def abandoned_journal(path: Path) -> Iterator[JournalFile | None]:
    """Hold a journal whose process is gone; yields None while somebody else holds it."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        _drop_torn_line(path)
        yield JournalFile(file)


def forget_journal(folder: Path, run_name: str) -> None:
    """Remove the journal of a run whose set is gone, if it had one."""
    (folder / f"{run_name}.jsonl").unlink(missing_ok=True)


def journal_paths(folder: Path) -> Sequence[Path]:
    """Return every journal of an installation, oldest first."""
    return sorted(folder.glob("*.jsonl"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def read_entries(path: Path) -> tuple[Entry, ...]:
    """Read a journal; a last line without its end was never promised and does not count.

    Raises:
        InDoubt: the file holds something that is not an entry.
    """
    whole, _, _ = path.read_bytes().rpartition(b"\n")
    try:
        return tuple(_entry(line) for line in whole.splitlines())
    except (ValueError, KeyError, TypeError) as error:
        raise InDoubt("run.journal-unreadable", f"not a journal entry: {error}", subject=str(path)) from None


def _entry(line: bytes) -> Entry:
    raw = json.loads(line)
    return Entry(EntryKind(raw["kind"]), datetime.fromisoformat(raw["at"]), dict(raw["data"]))


def _drop_torn_line(path: Path) -> None:
    content = path.read_bytes()
    os.truncate(path, content.rfind(b"\n") + 1)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
