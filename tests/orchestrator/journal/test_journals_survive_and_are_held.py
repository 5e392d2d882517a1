from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.errors import InDoubt
from orchestrator.journal.entries import Entry, EntryKind
from orchestrator.journal.store import (
    JournalFile,
    abandoned_journal,
    forget_journal,
    journal_paths,
    new_journal,
    read_entries,
)

NAME = "qsc-abc123-run0000001-1"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[JournalFile]:
    with new_journal(tmp_path, NAME) as journal:
        yield journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"{NAME}.jsonl"


def an_entry(kind: EntryKind = EntryKind.BEGUN) -> Entry:
    return Entry(kind, datetime(2026, 3, 1, 2, 30, tzinfo=UTC), {"host": "exch01"})


async def test_what_was_recorded_is_read_back_in_order(held: JournalFile) -> None:
    await held.record(EntryKind.BEGUN, {"host": "exch01", "arrays": ["a", "ü"]})
    await held.record(EntryKind.ENDED)
    begun, ended = await asyncio.to_thread(held.entries)
    assert (begun.kind, begun.data) == (EntryKind.BEGUN, {"host": "exch01", "arrays": ["a", "ü"]})
    assert (ended.kind, ended.data) == (EntryKind.ENDED, {})
    assert begun.at <= ended.at


def test_an_entry_is_synced_before_recording_returns(
    held: JournalFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fdatasync", lambda _: synced.append(path.read_bytes()))
    held.append(an_entry())
    assert synced == [path.read_bytes()]
    assert b'"begun"' in synced[0]


def test_a_journal_is_never_begun_twice(tmp_path: Path, held: JournalFile) -> None:
    with pytest.raises(FileExistsError), new_journal(tmp_path, NAME):
        pass


def test_a_journal_that_its_process_holds_is_nobody_elses(held: JournalFile, path: Path) -> None:
    held.append(an_entry())
    with abandoned_journal(path) as taken:
        assert taken is None
    assert held.entries() == (an_entry(),)


def test_a_journal_whose_process_is_gone_is_taken_up_by_one(tmp_path: Path, path: Path) -> None:
    with new_journal(tmp_path, NAME) as journal:
        journal.append(an_entry())
    with abandoned_journal(path) as first, abandoned_journal(path) as second:
        assert first is not None
        assert second is None
        first.append(an_entry(EntryKind.ENDED))
    assert [entry.kind for entry in read_entries(path)] == [EntryKind.BEGUN, EntryKind.ENDED]


@pytest.mark.parametrize("torn", [b"{", b'{"kind": "ended", "at": "2026-03-01T02:30:00+00:00", "data": {}}'])
def test_a_line_without_its_end_was_never_promised(tmp_path: Path, path: Path, torn: bytes) -> None:
    with new_journal(tmp_path, NAME) as journal:
        journal.append(an_entry())
    with path.open("ab") as file:
        file.write(torn)
    assert read_entries(path) == (an_entry(),)
    with abandoned_journal(path) as journal:
        assert journal is not None
        journal.append(an_entry(EntryKind.IN_DOUBT))
    assert [entry.kind for entry in read_entries(path)] == [EntryKind.BEGUN, EntryKind.IN_DOUBT]


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b'{"kind": "begun"}',
        b'{"kind": "unheard-of", "at": "2026-03-01T02:30:00+00:00", "data": {}}',
        b'{"kind": "begun", "at": "yesterday", "data": {}}',
        b'{"kind": "begun", "at": "2026-03-01T02:30:00+00:00", "data": 3}',
        b"\xff\xfe",
        b"\n",
    ],
)
def test_a_line_that_is_no_entry_puts_the_run_in_doubt(path: Path, line: bytes) -> None:
    path.write_bytes(line + b"\n")
    with pytest.raises(InDoubt) as caught:
        read_entries(path)
    assert caught.value.code == "run.journal-unreadable"
    assert caught.value.subject == str(path)


def test_journals_are_found_oldest_first(tmp_path: Path) -> None:
    for name, at_s in (("b", 100), ("a", 300), ("c", 200)):
        (tmp_path / f"{name}.jsonl").touch()
        os.utime(tmp_path / f"{name}.jsonl", (at_s, at_s))
    (tmp_path / "notes.txt").touch()
    assert [each.stem for each in journal_paths(tmp_path)] == ["b", "c", "a"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_journal_is_forgotten_once_its_set_is_gone(tmp_path: Path, path: Path, times: int) -> None:
    with new_journal(tmp_path, NAME):
        pass
    for _ in range(times):
        forget_journal(tmp_path, NAME)
    assert not path.exists()


@pytest.mark.parametrize("take", [lambda path: new_journal(path.parent, path.stem), abandoned_journal])
def test_a_journal_is_let_go_with_the_block(path: Path, take: Callable[[Path], object]) -> None:
    if take is abandoned_journal:
        path.touch()
    with take(path):  # type: ignore[attr-defined] # both are context managers
        pass
    with abandoned_journal(path) as journal:
        assert journal is not None
