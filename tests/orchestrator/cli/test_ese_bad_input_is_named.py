from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.orchestrator.cli.conftest import Quiesce
from tests.orchestrator.cli.ese_files import clean_database, database, write_logs, write_set

Make = Callable[[Path], object]

# What lies at the path, and the problem that `check` has with it.
UNREADABLE: dict[str, tuple[Make, str]] = {
    "a missing file": (lambda path: None, "verify.cannot-read"),
    "a pipe": (os.mkfifo, "verify.cannot-read"),
    "a link to nothing": (lambda path: path.symlink_to("nowhere"), "verify.cannot-read"),
    "a link to itself": (lambda path: path.symlink_to(path), "verify.cannot-read"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "verify.cannot-read"),
    "an empty file": (Path.touch, "verify.nothing-of-ours"),
    "text": (lambda path: path.write_text("Dear reader,\n" * 9000), "verify.nothing-of-ours"),
    "packed": (lambda path: path.write_bytes(b"\x1f\x8b\x08\0" * 9000), "verify.nothing-of-ours"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_looked_at_is_a_problem_with_a_code(
    quiesce: Quiesce, tmp_path: Path, what: str
) -> None:
    make, code = UNREADABLE[what]
    path = tmp_path / "thing"
    make(path)
    ended = quiesce("ese", "check", str(path), "--json")
    assert (ended.status, ended.problem["code"], ended.err) == (5, code, "")
    assert str(path) in ended.problem["subject"]
    assert ended.problem["remedy"]
    text = quiesce("ese", "check", str(path))
    assert (text.status, text.out) == (5, "")
    assert f"code: {code}" in text.err
    assert quiesce("ese", "header", str(path), "--json").problem["code"] == code
    assert quiesce("ese", "logs", str(path), "--json").problem["code"] == code


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_problem(quiesce: Quiesce, tmp_path: Path) -> None:
    path = write_set(tmp_path)
    path.chmod(0)
    assert quiesce("ese", "check", str(path), "--json").problem["code"] == "verify.cannot-read"


def test_a_folder_with_nothing_is_not_verifiable(quiesce: Quiesce, tmp_path: Path) -> None:
    for folder in (tmp_path / "empty", tmp_path / "other"):
        folder.mkdir()
    (tmp_path / "other" / "README.txt").write_text("nothing here\n")
    for command in ("check", "logs"):
        for folder in (tmp_path / "empty", tmp_path / "other"):
            ended = quiesce("ese", command, str(folder), "--json")
            assert (ended.status, ended.result["verdict"]) == (5, "not-verifiable")
            assert [each["code"] for each in ended.result["findings"]] == ["verify.nothing-found"]
            assert "not-verifiable" in quiesce("ese", command, str(folder)).out


@pytest.mark.parametrize(
    "args",
    [
        ("check",),
        ("check", "{0}", "--no-such-option"),
        ("check", "{0}", "--iops", "0"),
        ("check", "{0}", "--threads", "65"),
        ("header",),
        ("header", "{0}", "{0}"),
        ("logs",),
        ("no-such-command",),
        (),
    ],
)
def test_bad_usage_is_told_from_bad_contents(quiesce: Quiesce, tmp_path: Path, args: tuple[str, ...]) -> None:
    path = str(write_set(tmp_path))
    ended = quiesce("ese", *(arg.format(path) for arg in args), "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.usage")


def test_a_map_never_replaces_what_is_no_map(quiesce: Quiesce, tmp_path: Path) -> None:
    path = write_set(tmp_path)
    before = path.read_bytes()
    (tmp_path / "folder.svg").mkdir()
    for target in (path, tmp_path / "folder.svg", tmp_path / "nowhere" / "map.svg", tmp_path / "map"):
        for named in (path, tmp_path / "never-read.edb"):  # it is refused before anything is read
            ended = quiesce("ese", "check", str(named), "--map", str(target), "--json")
            assert (ended.status, ended.problem["code"]) == (2, "input.cannot-write"), target
            assert ended.problem["subject"] == str(target)
    assert path.read_bytes() == before


def test_a_map_that_cannot_be_written_after_all_is_a_problem(quiesce: Quiesce, tmp_path: Path) -> None:
    full = tmp_path / "full.svg"
    full.symlink_to("/dev/full")
    ended = quiesce("ese", "check", str(write_set(tmp_path)), "--map", str(full), "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.cannot-write")


def test_a_resume_file_never_replaces_what_is_none(quiesce: Quiesce, tmp_path: Path) -> None:
    path = write_set(tmp_path)
    before = path.read_bytes()
    ended = quiesce("ese", "check", str(path), "--resume", str(path), "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.bad-file")
    assert path.read_bytes() == before


def test_inside_is_for_images_and_folders(quiesce: Quiesce, tmp_path: Path) -> None:
    path = write_set(tmp_path / "clone" / "Mailbox")
    for inside in ("Mailbox", "DB01.edb"):
        ended = quiesce("ese", "check", str(path), "--inside", inside, "--json")
        assert (ended.status, ended.problem["code"]) == (5, "verify.cannot-read")
    ended = quiesce("ese", "check", str(tmp_path / "clone"), "--inside", "Mailbox/E00.log", "--json")
    assert (ended.status, ended.problem["code"]) == (5, "verify.nothing-of-ours")
    (path.parent / "DB02.edb").write_bytes(clean_database())
    for inside in ("Mailbox/DB01.edb", "/Mailbox/DB01.edb", "Mailbox\\DB01.EDB"):
        ended = quiesce("ese", "check", str(tmp_path / "clone"), "--inside", inside, "--json")
        assert (ended.status, ended.result["verdict"]) == (0, "recoverable"), inside
        assert [each["path"] for each in ended.result["databases"]] == [str(path)]
    result = quiesce("ese", "check", str(tmp_path / "clone"), "--inside", "/Mailbox/", "--json").result
    assert len(result["databases"]) == 2
    ended = quiesce("ese", "check", str(tmp_path / "clone"), "--inside", "No/Such", "--json")
    assert (ended.status, ended.problem["code"]) == (5, "verify.cannot-read")


def test_logs_of_another_folder_count_instead_of_those_beside_it(quiesce: Quiesce, tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    path = tmp_path / "db" / "DB01.edb"
    path.write_bytes(database())
    write_logs(tmp_path / "logs")
    (tmp_path / "none").mkdir()
    assert quiesce("ese", "check", str(path), "--json").result["verdict"] == "unrecoverable"
    for named in ((path,), (path.parent,), (tmp_path, "--inside", "db/DB01.edb")):
        for folder, verdict in (("logs", "recoverable"), ("none", "unrecoverable")):
            args = (*map(str, named), "--logs", str(tmp_path / folder))
            assert quiesce("ese", "check", *args, "--json").result["verdict"] == verdict
    ended = quiesce("ese", "check", str(path), "--logs", str(tmp_path / "nowhere"), "--json")
    assert (ended.status, ended.problem["code"]) == (5, "verify.cannot-read")


def test_several_paths_are_one_set_and_nothing_counts_twice(quiesce: Quiesce, tmp_path: Path) -> None:
    one, two = write_set(tmp_path / "one"), tmp_path / "two.edb"
    two.write_bytes(clean_database())
    result = quiesce("ese", "check", str(one), str(one.parent), str(two), str(two), "--json").result
    assert [(each["path"], each["verdict"]) for each in result["databases"]] == [
        (str(one), "recoverable"),
        (str(two), "clean"),
    ]
    assert len(result["streams"]) == 1
    assert result["verdict"] == "recoverable"
