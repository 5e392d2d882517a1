"""A secret is named by its place; no error ever repeats what might be the secret itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import BadInput
from orchestrator.registry.secret_reference import SecretReference

VALUE = "e448c603-5b09-a6f6-fbf3-dab5bb1c9dd4"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(VALUE + "\r\n")
    path.chmod(0o600)
    return path


def test_an_environment_variable_is_read_when_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = SecretReference.parse("env:FA_TOKEN")
    monkeypatch.setenv("FA_TOKEN", VALUE)
    secret = reference.resolve()
    assert secret.reveal() == VALUE
    assert VALUE not in f"{reference} {reference!r} {secret} {secret!r}"


def test_a_file_is_read_without_its_line_end(secret_file: Path) -> None:
    assert SecretReference.parse(f"file:{secret_file}").resolve().reveal() == VALUE


def test_a_relative_path_keeps_its_meaning_in_another_folder(
    secret_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(secret_file.parent)
    reference = SecretReference.parse("file:token")
    monkeypatch.chdir("/")
    assert SecretReference.parse(str(reference)) == reference
    assert reference.resolve().reveal() == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_open_to_others_is_refused_with_the_cure(secret_file: Path, mode: int) -> None:
    secret_file.chmod(mode)
    with pytest.raises(BadInput) as caught:
        SecretReference.parse(f"file:{secret_file}").resolve()
    assert caught.value.code == "input.secret-unreadable"
    assert caught.value.remedy == f"chmod 600 {secret_file}"


@pytest.mark.parametrize(
    "text",
    [VALUE, f"env:{VALUE}", f"vault:{VALUE}", "", ":", "env:", "file:", f"file:{VALUE}\n", f":{VALUE}"],
)
def test_what_is_no_reference_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        SecretReference.parse(text)
    assert caught.value.code == "input.bad-secret-reference"
    assert VALUE not in f"{caught.value!r} {caught.value} {caught.value.subject} {caught.value.remedy}"


@pytest.mark.parametrize("place", ["keyring", "exec"])
def test_planned_places_are_refused_by_name(place: str) -> None:
    with pytest.raises(BadInput, match=f"`{place}:`") as caught:
        SecretReference.parse(f"{place}:{VALUE}")
    assert caught.value.code == "input.not-built"
    assert VALUE not in str(caught.value)


def test_a_missing_or_empty_secret_names_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty, binary, pipe = tmp_path / "empty", tmp_path / "binary", tmp_path / "pipe"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\x00")
    os.mkfifo(pipe)
    for path in (empty, binary, pipe):
        path.chmod(0o600)
    monkeypatch.delenv("FA_TOKEN", raising=False)
    monkeypatch.setenv("FA_EMPTY", "")
    monkeypatch.setenv("FA_BINARY", "\udcff")
    places = ["env:FA_TOKEN", "env:FA_EMPTY", "env:FA_BINARY"]
    places += [f"file:{path}" for path in (empty, binary, pipe, tmp_path, tmp_path / "no", "/dev/zero")]
    for place in places:
        with pytest.raises(BadInput) as caught:
            SecretReference.parse(place).resolve()
        assert (caught.value.code, caught.value.subject) == ("input.secret-unreadable", place)
