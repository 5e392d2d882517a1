"""A job file is read whole or refused with its file, line and key."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from orchestrator.config.job import Job
from orchestrator.config.job_file import load_job
from orchestrator.config.job_schema import NOT_BUILT, JobSchema
from orchestrator.errors import BadInput
from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.grades import Grade

LEAST = 'name = "nightly"\nhost = "EX01"\ndatabases = ["DB01"]\n'


@pytest.fixture
def job_file(tmp_path: Path) -> Path:
    return tmp_path / "job.toml"


def refusal(path: Path, text: str | bytes) -> BadInput:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput) as caught:
        load_job(path)
    assert caught.value.subject.startswith(str(path))
    assert caught.value.remedy
    return caught.value


def test_the_shortest_job_gets_the_safe_defaults(job_file: Path) -> None:
    job_file.write_text(LEAST)
    job = load_job(job_file)
    assert job == Job(
        name="nightly",
        host="EX01",
        databases=("DB01",),
        backup_type="copy",
        consistency="writer-verified",
        freeze=True,
        context=0x00040029,
        clone=False,
        lun_array={},
        budgets=DEFAULT_BUDGETS,
    )
    assert job.grade is Grade.WRITER_VERIFIED


def test_every_key_is_taken_over(job_file: Path) -> None:
    job_file.write_text(
        LEAST.replace("DB01", "Mailbox Database Ä")
        + 'consistency = "agent-quiesced"\ncontext = "0x29"\nclone = true\n'
        + '[lun_array]\n"naa.624a9370" = "fa-01"\n[budgets]\ncommit_s = 2\n'
    )
    job = load_job(job_file)
    assert (job.databases, job.context, job.clone) == (("Mailbox Database Ä",), 0x29, True)
    assert job.lun_array == {"naa.624a9370": "fa-01"}
    assert job.budgets == replace(DEFAULT_BUDGETS, commit_s=2.0)
    assert job.grade is Grade.AGENT_QUIESCED


def test_schema_and_job_have_the_same_keys() -> None:
    assert set(JobSchema.model_fields) == {field.name for field in fields(Job)}


@pytest.mark.parametrize(
    "wish", ["freeze = false", 'consistency = "crash-consistent"', 'consistency = "break-off"']
)
def test_a_wish_for_a_break_off_is_understood_so_that_policy_can_refuse_it(job_file: Path, wish: str) -> None:
    job_file.write_text(LEAST + wish)
    assert load_job(job_file).grade is None


def test_files_saved_by_a_windows_editor_are_read(job_file: Path) -> None:
    job_file.write_bytes(b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode())
    assert load_job(job_file).name == "nightly"


@pytest.mark.parametrize("key", NOT_BUILT)
def test_planned_keys_are_refused_by_name(job_file: Path, key: str) -> None:
    error = refusal(job_file, f"{LEAST}{key} = 1\n")
    assert (error.code, error.subject) == ("input.not-built", f"{job_file}:4")
    assert f"`{key}`" in error.what


@pytest.mark.parametrize(
    "table", [f"[{NOT_BUILT[0]}]\nx = 1", f"{NOT_BUILT[0]}.x = 1", f"[[{NOT_BUILT[0]}]]"]
)
def test_planned_tables_are_refused_by_name_too(job_file: Path, table: str) -> None:
    assert refusal(job_file, f"{LEAST}\n{table}\n").subject == f"{job_file}:5"


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        (LEAST + 'hots = "x"', 4, "`hots` is unknown; did you mean `host`"),
        (LEAST + "zebra = 1", 4, "`zebra` is unknown"),
        ('host = "EX01"\ndatabases = ["DB01"]\n', None, "`name` is missing"),
        ('name = "No Spaces"\n' + LEAST.partition("\n")[2], 1, "`name` does not fit: use 1 to 40 lower-case"),
        (LEAST.replace('"EX01"', "7"), 2, "`host` does not fit: should be a valid string"),
            (LEAST.replace("EX01", "EX 01"), 2, "`host` does not fit: use 1 to 40 letters"),
        (LEAST.replace('["DB01"]', "[]"), 3, "`databases` does not fit"),
        (LEAST.replace('"DB01"', '"DB01",\n""'), 3, "`databases` does not fit"),
        (LEAST.replace('"DB01"', '"DB01", "DB01"'), 3, "name each once"),
        (LEAST.replace('["DB01"]', '"DB01"'), 3, "should be a valid list"),
        (LEAST + 'backup_type = "everything"', 4, "`backup_type`"),
        (LEAST + "context = -1", 4, "`context`"),
        (LEAST + "context = 4294967296", 4, "`context`"),
        (LEAST + 'context = "0xZZ"', 4, "`context`"),
        (LEAST + "context = true", 4, "`context`"),
        (LEAST + "clone = 1", 4, "`clone`"),
        (LEAST + "\n# a comment\n[budgets]\nhold_s = 5\ncommit_s = -1", 8, "`budgets.commit_s`"),
        (LEAST + "budgets = {commit_s = nan}", 4, "`budgets.commit_s`"),
        (LEAST + "budgets.commit_s = inf", 4, "`budgets.commit_s`"),
        (LEAST + "[budgets]\ncommit_s = 50", 4, "50 s is wider than 5 s"),
        (LEAST + "[budgets]\nhold_s = 4", 4, "no room for commit_s"),
        (LEAST + "[budgets]\nlunch_s = 1", 5, "`budgets.lunch_s` does not fit: unknown; the budgets are"),
        (LEAST + '[lun_array]\nnaa.624a = "fa"', 5, "write the LUN id in quotes"),
        (LEAST + '[lun_array]\n"naa.624a" = ""', 5, "use 1 to 40 letters"),
        (LEAST + "[lun_array]\n'LUN 7' = \"fa\"", 5, "`lun_array.LUN 7`"),
    ],
)  # fmt: skip
def test_wrong_keys_are_named_with_their_line(
    job_file: Path, text: str, line: int | None, complaint: str
) -> None:
    error = refusal(job_file, text)
    assert error.code == "input.bad-key"
    assert complaint in error.what
    assert error.subject == (f"{job_file}:{line}" if line else str(job_file))


def test_the_first_wrong_line_is_reported_first(job_file: Path) -> None:
    assert refusal(job_file, 'zebra = 1\nname = "X Y"\n').subject == f"{job_file}:1"


@pytest.mark.parametrize(
    ("content", "place", "complaint"),
    [
        ("name = \n", ":1", "not valid TOML"),
        ("name = 'a'\nhost = [\n", "", "not valid TOML"),
        (LEAST + "name = 'again'\n\n", "", "not valid TOML"),
        ("a = \x00", ":1", "not valid TOML"),
        ("a = " + "9" * 4000, "", "missing"),
        ("a = " + "[" * 3000, "", "nested too deeply"),
        ("a = " + "{a=" * 1000, "", "nested too deeply"),
        ("a." * 40_000 + "a = 1", "", "larger than"),
        ("\n" + "a." * 3_000 + "a = 1", ":2", "line is too long"),
        (b"\xff\xfe\x00n", "", "not UTF-8"),
        (bytes(range(256)), "", ""),
        ("#" * 70_000, "", "larger than"),
        ("", "", "`name` is missing"),
    ],
)
def test_hostile_files_are_refused_in_words(
    job_file: Path, content: str | bytes, place: str, complaint: str
) -> None:
    error = refusal(job_file, content)
    assert complaint in error.what or error.code == "input.bad-key"
    assert error.subject.startswith(f"{job_file}{place}")


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (tmp_path, pipe, tmp_path / "missing", Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(BadInput) as caught:
            load_job(path)
        assert caught.value.code == "input.bad-file"


def test_a_file_that_may_not_be_read_is_refused(job_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    job_file.write_text(LEAST)
    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(BadInput, match="Permission denied"):
        load_job(job_file)
