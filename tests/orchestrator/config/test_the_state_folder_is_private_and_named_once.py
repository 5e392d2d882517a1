from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.config.state_folder import StateFolder
from orchestrator.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    monkeypatch.setenv("QUIESCE_HOME", str(tmp_path / "home"))
    return StateFolder.from_environment()


def test_nobody_else_may_look_in(folder: StateFolder) -> None:
    for path in (folder.root, folder.journals, folder.evidence, folder.keys, folder.locks):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUIESCE_HOME", "here")
    assert StateFolder.from_environment().root == tmp_path / "here"
    monkeypatch.setenv("QUIESCE_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert StateFolder.from_environment().root == tmp_path / "data" / "quiesce"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert StateFolder.from_environment().root == tmp_path / "me" / ".local" / "share" / "quiesce"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("QUIESCE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(BadInput, match="Not a directory") as caught:
        StateFolder.from_environment()
    assert (caught.value.code, caught.value.subject) == ("input.bad-environment", "QUIESCE_HOME")


def test_an_installation_is_named_once(folder: StateFolder) -> None:
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: folder.installation(), range(32)))
    assert len(names) == 1
    assert len(names.pop()) == 6
    assert [path.name for path in folder.root.glob("installation*")] == ["installation"]


@pytest.mark.parametrize("content", [b"", b"abc", b"ABCDEF", b"abcdef\n", b"\xff" * 6])
def test_a_damaged_name_is_never_replaced(folder: StateFolder, content: bytes) -> None:
    path = folder.root / "installation"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        folder.installation()
    assert (caught.value.code, caught.value.subject) == ("input.bad-file", str(path))
    assert path.read_bytes() == content
