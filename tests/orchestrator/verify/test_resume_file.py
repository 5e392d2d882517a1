from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import BadInput
from orchestrator.verify.resume_file import ResumeFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "resume.json"


def test_what_is_saved_is_there_for_the_next_process(path: Path) -> None:
    ResumeFile(path).save("a.edb", "one")
    again = ResumeFile(path)
    again.save("b.edb", "two")
    again.save("a.edb", "three")
    assert [ResumeFile(path).load(name) for name in ("a.edb", "b.edb", "c.edb")] == ["three", "two", None]


def test_nothing_is_left_when_all_is_done(path: Path) -> None:
    store = ResumeFile(path)
    store.save("a.edb", "one")
    store.clear()
    assert list(path.parent.iterdir()) == []
    assert store.load("a.edb") is None
    store.clear()


def test_a_failed_write_leaves_the_earlier_state(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ResumeFile(path)
    store.save("a.edb", "one")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(BadInput, match="No space"):
        store.save("a.edb", "two")
    monkeypatch.undo()
    assert ResumeFile(path).load("a.edb") == "one"
    assert [each.name for each in path.parent.iterdir()] == ["resume.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schema": "quiesce.resume/1"}',
        b'{"schema": "other", "states": {}}',
        b'{"schema": "quiesce.resume/1", "states": {"a": 1}}',
    ],
)
def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(BadInput, match="no resume file") as caught:
        ResumeFile(path)
    assert caught.value.code == "input.bad-file"
    assert path.read_bytes() == content


def test_a_pipe_or_folder_is_refused_at_once(path: Path) -> None:
    os.mkfifo(path)
    for each in (path, path.parent):
        with pytest.raises(BadInput):
            ResumeFile(each)


def test_a_folder_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        ResumeFile(path.parent / "nothing" / "resume.json").save("a", "b")
