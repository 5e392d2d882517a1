"""`quiesce evidence` as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orchestrator.cli.app import app
from orchestrator.evidence import SigningKey
from orchestrator.evidence.canonical import MAX_BYTES, sha256_hex
from tests.orchestrator.evidence.sample_records import forge_claim, payload_of


@pytest.fixture
def files(night_folder: Path) -> list[str]:
    return sorted(str(path) for path in (night_folder / "evidence" / "nightly").glob("*.json"))


@pytest.fixture
def lab_pub(night_folder: Path) -> str:
    return str(night_folder / "keys" / "lab.pub")


def quiesce(*args: str) -> Result:
    return CliRunner().invoke(app, ["evidence", *args], catch_exceptions=False)


def result_of(answer: Result) -> Any:
    document = json.loads(answer.stdout)
    assert document["ok"]
    assert answer.stderr == ""
    return document["result"]


def test_verify_says_what_each_record_claims(files: list[str], lab_pub: str) -> None:
    answer = quiesce("verify", *files, "--key", lab_pub)
    assert answer.exit_code == 0
    assert "ok    1 proof: 4 replicas, writer-verified [EMULATED]" in answer.stdout
    assert "ok    4 aborted: aborted, window.expired [EMULATED]" in answer.stdout
    assert "not compared: no --head given" in answer.stdout


def test_verify_answers_scripts(files: list[str], lab_pub: str, key: SigningKey) -> None:
    head = sha256_hex(Path(files[-1]).read_bytes())
    result = result_of(quiesce("verify", *files[::-1], "--key", lab_pub, "--head", head, "--json"))
    assert (result["complete"], result["head"], result["head_checked"], result["notes"]) == (
        True,
        head,
        True,
        [],
    )
    assert [each["file"] for each in result["records"]] == files
    assert result["records"][0] == {
        "file": files[0],
        "kind": "proof",
        "job": "nightly",
        "run_id": "run0000001",
        "attempt": 1,
        "sequence": 1,
        "emulated": True,
        "grade": "writer-verified",
        "status": None,
        "findings": [],
        "key_id": key.public.key_id,
        "sha256": sha256_hex(Path(files[0]).read_bytes()),
    }
    assert result["records"][3]["status"] == "aborted"


def test_verify_says_what_it_could_not_check(files: list[str], lab_pub: str) -> None:
    answer = quiesce("verify", files[2], "--key", lab_pub)
    assert answer.exit_code == 0
    assert "note  The chain before record 3 was not given, so it was not checked." in answer.stdout


def test_a_cut_off_tail_ends_with_status_5(files: list[str], lab_pub: str) -> None:
    head = sha256_hex(Path(files[-1]).read_bytes())
    answer = quiesce("verify", *files[:-1], "--key", lab_pub, "--head", head, "--json")
    assert answer.exit_code == 5
    problem = json.loads(answer.stdout)["problem"]
    assert (problem["code"], problem["subject"]) == ("evidence.head-differs", files[-2])


def test_a_claim_that_its_facts_do_not_support_ends_with_status_5(
    tmp_path: Path, proof: bytes, key: SigningKey, lab_pub: str
) -> None:
    forged = tmp_path / "forged.json"
    forged.write_bytes(forge_claim(proof, key, replicas=()))
    answer = quiesce("verify", str(forged), "--key", lab_pub)
    assert answer.exit_code == 5
    assert "code: evidence.claim-not-supported" in answer.stderr
    assert str(forged) in answer.stderr


@pytest.mark.parametrize("size", [0, 100, MAX_BYTES + 1])
@pytest.mark.parametrize("command", [("verify", "--key"), ("show",), ("head",)])
def test_a_file_that_is_no_record_ends_with_status_5(
    tmp_path: Path, lab_pub: str, size: int, command: tuple[str, ...]
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b" " * size)
    answer = quiesce(*command, *([lab_pub] if "--key" in command else []), str(path), "--json")
    assert answer.exit_code == 5
    problem = json.loads(answer.stdout)["problem"]
    assert (problem["code"], problem["subject"]) == ("evidence.malformed", str(path))


def test_a_key_that_is_none_is_bad_input(files: list[str]) -> None:
    answer = quiesce("verify", files[0], "--key", files[0], "--json")
    assert answer.exit_code == 2
    assert json.loads(answer.stdout)["problem"]["code"] == "input.key-unusable"


@pytest.mark.parametrize("head", ["", "abc", "A" * 64, "0" * 63 + "\n"])
def test_a_head_that_is_no_digest_is_bad_input(files: list[str], lab_pub: str, head: str) -> None:
    answer = quiesce("verify", files[0], "--key", lab_pub, "--head", head)
    assert answer.exit_code == 2
    assert "64 lower-case hexadecimal digits" in answer.stderr


@pytest.mark.parametrize("args", [("verify",), ("verify", "--key", "x"), ("show",), ("head",)])
def test_files_must_be_named(args: tuple[str, ...]) -> None:
    assert quiesce(*args).exit_code == 2


@pytest.mark.parametrize(
    ("which", "words"),
    [
        (0, "array array-logs-name: 2 of 2 cut, asked +0.810 s, acknowledged +0.960 s"),
        (0, "writers frozen 0.900 s, writes held 0.400 s, hold ended by release"),
        (1, "about the proof in the record file with sha256"),
        (2, "EXCH1: another run holds this host (host.busy)"),
        (3, "removed: cut qsc-lab001-run0000001-1 on array array-logs-name"),
    ],
)
def test_show_tells_people_what_a_record_says(files: list[str], which: int, words: str) -> None:
    answer = quiesce("show", files[which])
    assert answer.exit_code == 0
    assert words in answer.stdout
    assert "NOT VERIFIED" in answer.stdout


def test_show_gives_scripts_the_statement(files: list[str], proof: bytes, key: SigningKey) -> None:
    result = result_of(quiesce("show", files[0], "--json"))
    assert result["statement"] == json.loads(payload_of(proof))
    assert (result["key_id"], result["sha256"]) == (key.public.key_id, sha256_hex(proof))
    assert result["verified"] is False


def test_show_lets_no_record_write_to_the_terminal(
    tmp_path: Path, night_folder: Path, key: SigningKey
) -> None:
    refusal = night_folder / "evidence" / "nightly" / "000003-refusal.json"
    path = tmp_path / "x.json"
    (reason,) = json.loads(payload_of(refusal.read_bytes()))["predicate"]["claim"]["reasons"]
    reason["what"] = "\x1b[2J\nproof: all is well"
    path.write_bytes(forge_claim(refusal.read_bytes(), key, reasons=(reason,)))
    lines = quiesce("show", str(path)).stdout.splitlines()
    assert r"  EXCH1: \x1b[2J\x0aproof: all is well (host.busy)" in lines


def test_head_is_the_digest_of_the_last_record(files: list[str]) -> None:
    head = sha256_hex(Path(files[-1]).read_bytes())
    assert quiesce("head", *files[::-1]).stdout == f"{head}\n"
    assert result_of(quiesce("head", *files, "--json")) == {"head": head, "sequence": 5}


def test_head_of_a_job_is_found_in_the_state_folder(
    files: list[str], night_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUIESCE_HOME", str(night_folder))
    assert quiesce("head", "nightly").stdout == quiesce("head", *files).stdout


@pytest.mark.parametrize("job", ["weekly", "../nightly", ""])
def test_head_of_an_unknown_job_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    monkeypatch.setenv("QUIESCE_HOME", str(tmp_path))
    answer = quiesce("head", job, "--json")
    assert answer.exit_code == 2
    assert json.loads(answer.stdout)["problem"]["code"] == "input.no-evidence"
