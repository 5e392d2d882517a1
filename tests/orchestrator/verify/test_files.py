from __future__ import annotations

import ctypes
import mmap
import os
import socket
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.verify.files import LocalFile, LocalFolder
from orchestrator.verify.positional_reads import PositionalReader


def read(file: LocalFile, offset: int = 0, length: int = 100) -> bytes:
    buffer = bytearray(length)
    return bytes(buffer[: file.read(offset, memoryview(buffer))])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "DB.edb"
    path.write_bytes(bytes(range(200)))
    return path


def test_a_file_is_read_by_position(path: Path) -> None:
    file = LocalFile(path)
    assert (file.name, file.size_bytes) == (str(path), 200)
    assert read(file, 150) == bytes(range(150, 200))
    assert read(file, 10, 20) == bytes(range(10, 30))
    assert read(file, 200) == b""
    file.close()


def test_a_file_that_was_cut_off_gives_fewer_bytes(path: Path) -> None:
    file = LocalFile(path)
    os.truncate(path, 20)
    assert read(file) == bytes(range(20))
    assert file.size_bytes == 200
    file.close()


def test_holes_are_zeros_and_are_known(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as made:
        made.write(b"x" * 4096)
        made.seek(1 << 40)
        made.write(b"y" * 4096)
        made.truncate((1 << 40) + (1 << 30))
    file = LocalFile(path)
    assert read(file, 1 << 30) == bytes(100)
    assert file.next_data(0) == 0
    assert 4096 <= file.next_data(1 << 20) <= 1 << 40
    assert file.next_data(1 << 20) > 1 << 39
    assert file.next_data((1 << 40) + (1 << 20)) == file.size_bytes
    file.close()


def pages_in_cache(path: Path) -> int:
    """As mincore(2) tells; asking by a read would bring them in."""
    size = path.stat().st_size
    answer = (ctypes.c_ubyte * (size // mmap.PAGESIZE))()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), size) as mapped:
        start = ctypes.c_char.from_buffer(mapped)
        assert ctypes.CDLL(None).mincore(ctypes.byref(start), ctypes.c_size_t(size), answer) == 0
        del start
    return sum(each & 1 for each in answer)


def test_reading_leaves_the_page_cache_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "DB.edb"
    path.write_bytes(bytes(range(256)) * 4096)
    with path.open("rb") as other:
        os.fsync(other.fileno())
        os.posix_fadvise(other.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if pages_in_cache(path):
            pytest.skip("this file system keeps everything in memory")
        file = LocalFile(path)
        assert read(file, length=1 << 20) == bytes(range(256)) * 4096
        assert pages_in_cache(path) == 0
        other.read()
        assert read(file, length=1 << 20) == bytes(range(256)) * 4096
        assert pages_in_cache(path) == 256
        file.close()


def test_a_file_system_that_does_not_know_such_requests_is_read_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = os.preadv

    def old_preadv(descriptor: int, buffers: list[memoryview], offset: int, flags: int = 0) -> int:
        if flags:
            raise OSError(95, "Operation not supported")
        return plain(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", old_preadv)
    file = LocalFile(path)
    assert read(file) == bytes(range(100))
    file.close()


@pytest.mark.parametrize("number", [5, 116])
def test_a_request_that_fails_is_an_error_with_its_place(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def broken(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    file = LocalFile(path)
    monkeypatch.setattr(os, "preadv", broken)
    with pytest.raises(VerificationError, match=r"DB\.edb, byte 7: it cannot be read") as caught:
        read(file, 7)
    assert caught.value.code == "verify.cannot-read"
    file.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: os.mkfifo(path), "a named pipe"),
        (lambda path: path.symlink_to("/dev/null"), "a character device"),
        (lambda path: path.symlink_to("nothing"), "no such file"),
        (lambda path: path.symlink_to(path), "symbolic links"),
        (lambda path: None, "no such file"),
    ],
    ids=["folder", "pipe", "device", "dangling", "circle", "nothing"],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "it"
    make(path)  # type: ignore[operator] # parametrized: any callable
    with pytest.raises(VerificationError, match=said):
        LocalFile(path)


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its name must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("it")
        with pytest.raises(VerificationError):
            LocalFile(Path("it"))


def test_a_file_that_may_not_be_opened_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(VerificationError, match="permission denied"):
        LocalFile(path)


def test_a_file_that_fails_at_every_byte_is_an_error_and_no_hang() -> None:
    # Regular by its mode, and unreadable at its start even for root.
    with pytest.raises(VerificationError):
        read(LocalFile(Path("/proc/self/mem")))


def test_a_block_device_is_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PositionalReader, "_measured", lambda self: (1 << 30, 512))
    with pytest.raises(VerificationError, match="block device"):
        LocalFile(path)


def test_a_name_that_no_file_can_have_is_an_error() -> None:
    with pytest.raises(VerificationError):
        LocalFile(Path("a\0b"))


def test_no_descriptor_is_left_open_after_a_refusal(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(VerificationError):
            LocalFile(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.log", "a.edb", "sub/c.edb", "sub/deep/d.edb"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path / "tree"


def test_a_folder_lists_files_and_folders_apart(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    folder = LocalFolder(tree)
    assert [(each.path, each.size_bytes) for each in folder.files()] == [("a.edb", 5), ("b.log", 5)]
    assert list(folder.folders()) == ["sub"]
    assert [each.path for each in folder.files("sub")] == ["sub/c.edb"]
    assert list(folder.folders("sub")) == ["sub/deep"]
    opened = folder.open("sub/deep/d.edb")
    assert read(opened) == b"sub/deep/d.edb"
    opened.close()


def test_links_to_files_are_followed_and_links_to_folders_are_not(tree: Path, tmp_path: Path) -> None:
    (tree / "link.edb").symlink_to("a.edb")
    (tree / "circle").symlink_to(tree)
    (tree / "dangling").symlink_to("nothing")
    folder = LocalFolder(tree)
    assert [each.path for each in folder.files()] == ["a.edb", "b.log", "link.edb"]
    assert list(folder.folders()) == ["sub"]


@pytest.mark.parametrize("path", ["../x", "sub/../../x", "/etc/passwd", "a\0b"])
def test_nothing_outside_a_folder_can_be_opened(tree: Path, path: str) -> None:
    with pytest.raises(VerificationError, match="no path inside"):
        LocalFolder(tree).open(path)


def test_a_folder_that_is_none_is_an_error(tree: Path) -> None:
    for path, said in ((tree / "a.edb", "no folder"), (tree / "nothing", "no such folder")):
        with pytest.raises(VerificationError, match=said):
            LocalFolder(path)
    with pytest.raises(VerificationError, match="no such file"):
        list(LocalFolder(tree).files("nothing"))
