"""Volumes of mkntfs and ntfs-3g, read by us; and our writer's volumes, judged and changed by them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import VerificationError
from orchestrator.verify.raw import NtfsSource, open_raw
from tests.orchestrator.verify.raw.lab_images import MIB, LabImage, contents

pytestmark = pytest.mark.real

CHUNK = 1 << 20
NTFS_ATTRIBUTES = "system.ntfs_attrib_be"
COMPRESSED_FOLDER = (0x0810).to_bytes(4, "big")


@pytest.fixture(autouse=True)
def programs(needs_program: Callable[[str], str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    for program in ("mkntfs", "ntfs-3g", "ntfsfix", "ntfsresize", "losetup", "umount"):
        needs_program(program)
    if not Path("/dev/fuse").exists():
        pytest.skip("missing: /dev/fuse")


def run(*command: str | Path) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def loop_of(path: Path) -> Iterator[Path]:
    device = Path(run("losetup", "--find", "--show", path).strip())
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def mounted(device: Path, folder: Path, options: str = "rw") -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    run("ntfs-3g", "-o", options, device, folder)
    try:
        yield folder
    finally:
        run("umount", folder)


def made(path: Path, *options: str) -> Path:
    with path.open("wb") as image:
        image.truncate(160 * MIB)
    run("mkntfs", "-F", "-Q", "-q", "-L", "REAL", *options, path)
    return path


def digest(source: NtfsSource, path: str) -> str:
    file, told = source.open(path), hashlib.sha256()
    for at in range(0, file.size_bytes, CHUNK):
        told.update(contents(file, at, CHUNK))
    return told.hexdigest()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fill(folder: Path) -> None:
    """Files in one piece, in pieces, with holes, small, empty, and many."""
    (folder / "DB01" / "Logs").mkdir(parents=True)
    database = folder / "DB01"
    (database / "DB01.edb").write_bytes(os.urandom(3_000_000))
    (database / "tiny.txt").write_text("tiny")
    (database / "empty").touch()
    with (database / "pieces.edb").open("wb") as file:
        for number in range(1500):
            file.seek(number * 2 * 65536)
            file.write(bytes((number % 251 + 1,)) * 4096)
    with (database / "large.edb").open("wb") as file:
        file.write(b"start")
        file.seek(5 << 30)
        file.write(b"end")
    for number in range(300):
        (database / "Logs" / f"E00{number:08X}.log").write_bytes(f"log {number}".encode() * number)
    os.setxattr(database / "Logs" / "E0000000000.log", "system.ntfs_dos_name", b"E00000~1.LOG")
    os.link(database / "tiny.txt", folder / "linked.txt")


@pytest.mark.parametrize("cluster_bytes", [4096, 65536, 512])
def test_what_ntfs_3g_wrote_is_read(cluster_bytes: int, tmp_path: Path) -> None:
    image = made(tmp_path / "image", "-c", str(cluster_bytes))
    with loop_of(image) as device:
        with mounted(device, tmp_path / "mount") as folder:
            fill(folder)
            expected = {name: digest_of(folder / "DB01" / name) for name in ("DB01.edb", "pieces.edb")}
            logs = {path.name: path.read_bytes() for path in (folder / "DB01" / "Logs").iterdir()}
        source = open_raw(device)
        try:
            assert (source.label, source.findings) == ("REAL", [])
            assert [entry.path for entry in source.files()] == ["linked.txt"]
            assert [(entry.name, entry.size_bytes) for entry in source.files("DB01")] == [
                ("DB01.edb", 3_000_000),
                ("empty", 0),
                ("large.edb", (5 << 30) + 3),
                ("pieces.edb", 1499 * 2 * 65536 + 4096),
                ("tiny.txt", 4),
            ]
            assert {name: digest(source, f"db01/{name}") for name in expected} == expected
            listed = [entry.name for entry in source.files("DB01/LOGS")]
            assert listed == sorted(logs)
            assert {name: contents(source.open(f"DB01/Logs/{name}")) for name in listed} == logs
            large = source.open("DB01/large.edb")
            assert contents(large, 0, 10) == b"start" + bytes(5)
            assert contents(large, (5 << 30) - 3, 10) == bytes(3) + b"end"
            assert large.next_data(1 << 20) > 4 << 30
        finally:
            source.close()


def test_compressed_files_of_ntfs_3g_are_refused(tmp_path: Path) -> None:
    image = made(tmp_path / "image")
    with loop_of(image) as device:
        with mounted(device, tmp_path / "mount", "compression") as folder:
            (folder / "packed").mkdir()
            os.setxattr(folder / "packed", NTFS_ATTRIBUTES, COMPRESSED_FOLDER)
            (folder / "packed" / "a.edb").write_bytes(b"compress me " * 100_000)
        source = open_raw(device)
        with pytest.raises(VerificationError, match="compressed") as caught:
            source.open("packed/a.edb")
        source.close()
    assert caught.value.code == "verify.file-not-plain"


def test_a_volume_that_ntfsfix_marked_is_a_warning(tmp_path: Path) -> None:
    image = made(tmp_path / "image")
    with loop_of(image) as device:
        run("ntfsfix", device)
        source = open_raw(device)
        source.close()
    assert [one.code for one in source.findings] == ["verify.file-system-dirty"]


@pytest.mark.parametrize(
    ("size", "options"),
    [(3 * MIB, {}), (20 * MIB, {"cluster_bytes": 65536}), (8 * MIB, {"cluster_bytes": 512})],
)
def test_what_our_writer_wrote_is_accepted_and_can_be_changed(
    size: int, options: dict[str, Any], tmp_path: Path
) -> None:
    lab = LabImage(size, label="LAB", **options)
    lab.volume.make_folder("DB01")
    database = os.urandom(100_000)
    lab.add("DB01/DB01.edb", database)
    for number in range(50):
        lab.add(f"DB01/E00{number:08X}.log", b"log %d" % number)
    for number in range(0, 40, 2):
        lab.volume.rename(f"DB01/E00{number:08X}.log", f"DB01/E01{number:08X}.log")
        lab.volume.remove(f"DB01/E00{number + 1:08X}.log")
    image = lab.saved(tmp_path / "image")
    with loop_of(image) as device:
        assert "processed successfully" in run("ntfsfix", "--no-action", device)
        run("ntfsresize", "--info", "--force", device)  # counts every cluster of every file
        with mounted(device, tmp_path / "mount") as folder:
            assert (folder / "DB01" / "DB01.edb").read_bytes() == database
            assert len(list((folder / "DB01").iterdir())) == 31
            for number in range(40):
                (folder / "DB01" / f"new {number}").write_text("new")
            for number in range(0, 40, 2):  # ntfs-3g deletes names with a short one, or those of its own
                (folder / "DB01" / f"new {number}").unlink()
        run("ntfsresize", "--info", "--force", device)
        source = open_raw(device)
        names = [entry.name for entry in source.files("DB01")]
        assert digest(source, "DB01/DB01.edb") == hashlib.sha256(database).hexdigest()
        source.close()
    assert len(names) == 31 + 20
