"""Copies of files with holes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.shared.emulation.media import CHUNK_BYTES, Media, copy, resize

stretches = st.lists(st.tuples(st.integers(0, 300), st.binary(min_size=1, max_size=64)), max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@settings(max_examples=30)
@given(stretches, st.integers(0, 4 * 4096))
def test_a_copy_has_the_bytes_of_its_source_and_nothing_of_what_was_there(
    folder: Path, stretches: list[tuple[int, bytes]], tail_bytes: int
) -> None:
    source, target = folder / "source", folder / "target"
    source.write_bytes(b"")
    target.write_bytes(b"old" * 5000)
    with source.open("r+b") as file:
        for page, data in stretches:
            file.seek(page * 1024)
            file.write(data)
    resize(source, source.stat().st_size + tail_bytes)
    copy(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_a_copy_of_more_than_one_chunk_is_whole(folder: Path) -> None:
    source, target = folder / "big-source", folder / "big-target"
    source.write_bytes(bytes(range(256)) * ((2 * CHUNK_BYTES + 512) // 256))
    copy(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_a_copy_of_a_hole_is_a_hole(folder: Path) -> None:
    source, target = folder / "empty", folder / "empty-copy"
    resize(source, 64 << 20)
    copy(source, target)
    assert target.stat().st_size == 64 << 20
    assert target.stat().st_blocks < 64


def test_the_home_of_an_array_is_its_own(tmp_path: Path) -> None:
    Media(tmp_path / "a")
    with pytest.raises(FileExistsError):
        Media(tmp_path / "a")
