from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.verify.positional_reads import PositionalReader
from tests.orchestrator.verify.test_files import pages_in_cache


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(bytes(range(250)) * 40)
    return path


def test_bytes_are_read_by_position(path: Path) -> None:
    reader = PositionalReader(path)
    buffer = bytearray(10)
    assert reader.read(245, memoryview(buffer)) == 10
    assert bytes(buffer) == bytes((*range(245, 250), *range(5)))
    assert (reader.size_bytes, reader.sector_bytes, reader.name) == (10_000, 0, str(path))
    assert reader.read(9_995, memoryview(buffer)) == 5
    assert reader.bytes_at(9_998, 1 << 40) == bytes((248, 249))
    assert reader.bytes_at(20_000, 5) == b""
    reader.close()


def test_a_file_system_that_does_not_know_the_cache_is_read_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "RWF_NOWAIT", 1 << 30)  # a flag that no kernel knows
    reader = PositionalReader(path)
    assert reader.bytes_at(0, 250) == bytes(range(250))
    reader.close()


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing", "no path"])
def test_what_is_neither_file_nor_block_device_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "it"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "device":
            path = Path("/dev/null")
        case "no path":
            path = Path("a\0b")
        case _:
            pass
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(VerificationError) as caught:
        PositionalReader(path)
    assert caught.value.code == "verify.cannot-read"
    assert ("neither a file nor a block device" in caught.value.what) is (
        kind in {"pipe", "folder", "device"}
    )
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_reading_leaves_the_page_cache_as_it_was(path: Path) -> None:
    path.write_bytes(bytes(1 << 20))
    with path.open("rb") as other:
        os.fsync(other.fileno())
        os.posix_fadvise(other.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if pages_in_cache(path):
            pytest.skip("this file system keeps everything in memory")
        reader = PositionalReader(path)
        assert reader.bytes_at(0, 1 << 20) == bytes(1 << 20)
        assert pages_in_cache(path) == 0
        other.read()
        assert reader.bytes_at(0, 1 << 20) == bytes(1 << 20)
        assert pages_in_cache(path) == 256
        reader.close()


def test_a_place_that_cannot_be_is_an_error_of_ours(path: Path) -> None:
    reader = PositionalReader(path)
    for offset in (-1, 1 << 70):
        with pytest.raises(VerificationError, match=f"byte {offset:,}"):
            reader.read(offset, memoryview(bytearray(5)))
    reader.close()
