from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest

from orchestrator.errors import VerificationError
from orchestrator.ese.reports import FileType
from orchestrator.model.verification import Verdict
from orchestrator.verify import opening
from orchestrator.verify.content_kind import ContentKind, content_of
from orchestrator.verify.files import LocalFolder
from orchestrator.verify.opening import open_path
from orchestrator.verify.set_check import check_set
from tests.ese_samples import sample
from tests.orchestrator.verify.made_files import (
    SIGN_OTHER,
    codes,
    database,
    dirty,
    flipped,
    header,
    log,
    stream,
)
from tests.orchestrator.verify.sources import Recorder

NOISE = random.Random(5).randbytes(65536)  # noqa: S311 - no secret
TEXT = "Größe: 5 GB\n".encode() * 500
PARTITIONED = bytes(510) + b"\x55\xaa" + bytes(1024)

BY_CONTENT = {
    "a database": (database(), ContentKind.DATABASE),
    "a database with a bad first header": (flipped(database(), 9), ContentKind.DATABASE),
    "a streaming file": (header(attrib=1, file_type=FileType.STREAMING) * 2, ContentKind.STREAMING_FILE),
    "a log": (log(5), ContentKind.LOG),
    "a volume": (b"\xeb\x52\x90NTFS    " + bytes(1000), ContentKind.VOLUME),
    "a disk": (PARTITIONED, ContentKind.VOLUME),
    "a large disk": (bytes(512) + b"EFI PART" + bytes(1000), ContentKind.VOLUME),
    "nothing": (b"", ContentKind.NOTHING),
    "zeros": (bytes(65536), ContentKind.NOTHING),
    "noise": (NOISE, ContentKind.NOTHING),
    "text": (TEXT, ContentKind.NOTHING),
    "a byte": (b"x", ContentKind.NOTHING),
    "qcow2": (b"QFI\xfb" + bytes(1000), ContentKind.NOTHING),
}


@pytest.mark.parametrize("name", ["a.bin", "DB.edb.bak", "volume.img"])
@pytest.mark.parametrize("what", BY_CONTENT)
def test_content_tells_what_a_file_is(what: str, name: str) -> None:
    start, kind = BY_CONTENT[what]
    assert content_of(start, name).kind is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("DB01.edb", ContentKind.DATABASE),
        ("ntds.dit", ContentKind.DATABASE),
        ("priv1.stm", ContentKind.STREAMING_FILE),
        ("E00.log", ContentKind.LOG),
        ("E000000000A.log", ContentKind.LOG),
        ("E00.chk", ContentKind.CHECKPOINT),
        ("DB01.jfm", ContentKind.FLUSH_MAP),
        ("E00res00001.jrs", ContentKind.NOTHING),
        ("notes.bin", ContentKind.NOTHING),
    ],
)
def test_where_the_start_is_damaged_the_name_tells(name: str, kind: ContentKind) -> None:
    assert content_of(NOISE, name).kind is kind


@pytest.mark.parametrize("name", ["DB01.edb", "E00.log", "E00.chk"])
@pytest.mark.parametrize("start", [b"", TEXT])
def test_no_name_makes_a_database_of_text_or_nothing(start: bytes, name: str) -> None:
    assert content_of(start, name).kind is ContentKind.NOTHING


def test_a_database_without_a_good_header_is_known_by_its_magic() -> None:
    both = flipped(flipped(database(), 100), 4196)
    assert content_of(both, "a.bin").kind is ContentKind.DATABASE


def test_a_damaged_log_header_says_nothing_without_a_name() -> None:
    assert content_of(flipped(log(5), 100), "a.bin").kind is ContentKind.NOTHING
    assert content_of(flipped(log(5), 100), "E00.log").kind is ContentKind.LOG


@pytest.mark.parametrize("name", ["E01.log", "E0100000001.log", "DB01.jfm"])
def test_a_database_with_the_name_of_something_else_is_checked_as_what_it_is(server: Path, name: str) -> None:
    (server / name).write_bytes(dirty(6, 8))
    contents = open_path(server / name).contents(Recorder())
    assert [each.file.entry.name for each in contents.databases] == [name]
    assert contents.databases[0].header
    assert check_set(contents, Recorder()).verdict is Verdict.RECOVERABLE


def test_a_log_with_the_name_of_nothing_is_checked_as_a_log(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(log(5))
    contents = open_path(tmp_path / "a.bin").contents(Recorder())
    assert [each.file.entry.name for each in contents.streams[0].logs] == ["a.bin"]
    assert check_set(contents, Recorder()).streams


def test_content_wins_over_name() -> None:
    assert content_of(log(5), "DB01.edb").kind is ContentKind.LOG
    assert content_of(database(), "E00.log").kind is ContentKind.DATABASE


@pytest.mark.parametrize(
    ("start", "because"),
    [
        (b"", "it is empty"),
        (TEXT, "it is text"),
        (bytes(100), "it starts with zeros"),
        (b"vhdxfile" + bytes(100), "it is a disk image of Hyper-V (VHDX)"),
        (NOISE, "nothing in its start is known"),
    ],
)
def test_what_speaks_against_a_file_is_said(start: bytes, because: str) -> None:
    assert content_of(start, "x").because == because


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("srum-win11-dirty/SRUDB.dat", ContentKind.DATABASE),
        ("srum-win11-dirty/SRU00059.log", ContentKind.LOG),
        ("srum-win11-dirty/SRU.chk", ContentKind.CHECKPOINT),
        ("srum-win11-dirty/SRUDB.jfm", ContentKind.FLUSH_MAP),
        ("synthetic-e2003/E00.log", ContentKind.LOG),
        ("synthetic-e2003/E00.chk", ContentKind.CHECKPOINT),
        ("dbs/qmgr-win11-16k-dirty.db", ContentKind.DATABASE),
        ("dbs/temp-8k-justcreated.edb", ContentKind.DATABASE),
    ],
)
def test_samples_are_known_under_any_name(name: str, kind: ContentKind) -> None:
    assert content_of(sample(name)[:65536], "something").kind is kind


@pytest.fixture
def server(tmp_path: Path) -> Path:
    for name, data in stream(5, 8).items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "DB01.edb").write_bytes(dirty(6, 8))
    (tmp_path / "DB02.edb").write_bytes(dirty(7, 8))
    (tmp_path / "readme.txt").write_bytes(TEXT)
    return tmp_path


def test_a_folder_holds_all_its_databases_and_logs(server: Path) -> None:
    opened = open_path(server)
    contents = opened.contents(Recorder())
    assert opened.kind is ContentKind.FOLDER
    assert [each.file.entry.name for each in contents.databases] == ["DB01.edb", "DB02.edb"]
    assert [len(each.logs) for each in contents.streams] == [4]
    opened.close()


def test_one_database_comes_with_the_logs_beside_it_and_no_other_database(server: Path) -> None:
    opened = open_path(server / "DB01.edb")
    contents = opened.contents(Recorder())
    assert [each.file.shown for each in contents.databases] == [str(server / "DB01.edb")]
    assert [len(each.logs) for each in contents.streams] == [4]


def test_one_log_stands_for_its_stream(server: Path) -> None:
    contents = open_path(server / "E0000000006.log").contents(Recorder())
    assert contents.databases == ()
    assert [len(each.logs) for each in contents.streams] == [4]


def test_a_damaged_log_alone_is_still_a_log(tmp_path: Path) -> None:
    (tmp_path / "E00.log").write_bytes(NOISE)
    contents = open_path(tmp_path / "E00.log").contents(Recorder())
    assert [log.file.entry.name for log in contents.streams[0].logs] == ["E00.log"]


def test_logs_from_another_folder_take_the_place_of_those_beside(server: Path, tmp_path: Path) -> None:
    other = tmp_path / "logs"
    other.mkdir()
    for name, data in stream(1, 2, sign_log=SIGN_OTHER).items():
        (other / name).write_bytes(data)
    contents = open_path(server / "DB01.edb").contents(Recorder(), LocalFolder(other))
    assert [each.sign_log.raw for each in contents.streams] == [SIGN_OTHER]


@pytest.mark.parametrize("name", ["readme.txt", "DB01.jfm"])
def test_a_file_that_starts_no_set_is_refused(server: Path, name: str) -> None:
    (server / "DB01.jfm").write_bytes(NOISE)
    with pytest.raises(VerificationError) as caught:
        open_path(server / name).contents(Recorder())
    assert caught.value.code == "verify.nothing-of-ours"


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: None])
def test_a_path_that_cannot_be_read_is_an_error_at_once(tmp_path: Path, make: object) -> None:
    make(tmp_path / "it")  # type: ignore[operator] # parametrized: any callable
    with pytest.raises(VerificationError) as caught:
        open_path(tmp_path / "it")
    assert caught.value.code == "verify.cannot-read"


def test_a_damaged_database_by_name_is_a_database(server: Path) -> None:
    (server / "DB03.edb").write_bytes(NOISE)
    contents = open_path(server / "DB03.edb").contents(Recorder())
    assert [(each.file.entry.name, each.header) for each in contents.databases] == [("DB03.edb", None)]
    assert codes(contents.findings) == []


def test_a_block_device_is_a_volume(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def raw(path: Path) -> LocalFolder:
        asked.append(path)
        return LocalFolder(server)

    monkeypatch.setattr(stat, "S_ISBLK", lambda mode: True)
    monkeypatch.setattr(opening, "_raw", raw)
    opened = open_path(server / "DB01.edb")
    assert (opened.kind, opened.file, asked) == (ContentKind.VOLUME, None, [server / "DB01.edb"])
