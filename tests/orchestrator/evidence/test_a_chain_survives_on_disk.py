"""The folder of a chain: one record at a time, whole or absent, whatever stops us."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest

from orchestrator.errors import BadInput, EvidenceError
from orchestrator.evidence import EvidenceChain, Origin, SigningKey, signing_key
from orchestrator.evidence.canonical import sha256_hex
from orchestrator.evidence.durable import locked
from orchestrator.evidence.records import NO_PREVIOUS
from tests.orchestrator.evidence.sample_records import MADE_AT, ORIGIN, a_refusal, good_night, sound_proof


@pytest.fixture
def chain(tmp_path: Path) -> EvidenceChain:
    return EvidenceChain(tmp_path / "nightly")


def test_files_are_numbered_and_named_after_what_they_claim(tmp_path: Path, key: SigningKey) -> None:
    files = good_night(tmp_path, key)
    assert [path.name for path in files] == [
        "000001-proof.json",
        "000002-writers-answer.json",
        "000003-refusal.json",
        "000004-aborted.json",
        "000005-proof.json",
    ]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_the_head_is_the_digest_of_the_last_file(chain: EvidenceChain, key: SigningKey) -> None:
    assert chain.head() == NO_PREVIOUS
    path = chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    assert chain.head() == sha256_hex(path.read_bytes())


def test_the_millionth_record_comes_after_the_one_before_it(chain: EvidenceChain, tmp_path: Path) -> None:
    (tmp_path / "nightly").mkdir()
    for number in (1_000_000, 999_999, 2):
        (tmp_path / "nightly" / f"{number:06}-refusal.json").touch()
    assert [path.name[:7] for path in chain.files()] == ["000002-", "999999-", "1000000"]


def test_a_stray_temporary_file_never_counts(chain: EvidenceChain, tmp_path: Path, key: SigningKey) -> None:
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    stray = tmp_path / "nightly" / ".000002-refusal.json.new"
    stray.write_bytes(b"{")
    (tmp_path / "nightly" / "notes.json").write_bytes(b"{")
    assert chain.verify(key.public).complete
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    assert len(chain.verify(key.public).records) == 2
    assert not stray.exists()


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_write_that_fails_leaves_the_chain_as_it_was(
    chain: EvidenceChain, key: SigningKey, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    head = chain.head()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else Path, step, fail)
        with pytest.raises(OSError, match="No space"):
            chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    assert chain.head() == head
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    assert len(chain.verify(key.public).records) == 2


DIES_IN_MID_APPEND = """
import os, signal, sys
from pathlib import Path
from orchestrator.evidence import EvidenceChain, signing_key
from tests.orchestrator.evidence.sample_records import MADE_AT, ORIGIN, a_refusal
keys, chain = map(Path, sys.argv[1:])
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
EvidenceChain(chain).append(signing_key(keys, emulated=True), ORIGIN, a_refusal(), MADE_AT)
"""


def test_a_process_killed_before_the_rename_leaves_neither_record_nor_lock(
    chain: EvidenceChain, tmp_path: Path
) -> None:
    key = signing_key(tmp_path / "keys", emulated=True)
    ended = subprocess.run(
        [sys.executable, "-c", DIES_IN_MID_APPEND, tmp_path / "keys", tmp_path / "nightly"],
        cwd=Path(__file__).parents[3],  # where `tests` can be imported from
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "nightly").glob(".0*")] == [".000001-refusal.json.new"]
    assert chain.files() == ()
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    assert chain.verify(key.public).complete


def test_appends_at_the_same_time_queue_up(chain: EvidenceChain, key: SigningKey) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: chain.append(key, ORIGIN, a_refusal(), MADE_AT), range(16)))
    assert len(chain.verify(key.public).records) == 16


def test_a_lock_that_hangs_is_not_waited_for_without_end(tmp_path: Path) -> None:
    tmp_path.joinpath(".lock").touch()
    with tmp_path.joinpath(".lock").open("ab") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        began = monotonic()
        with pytest.raises(EvidenceError, match="held the lock"), locked(tmp_path, wait_s=0.02):
            pass
        assert monotonic() - began < 1.0


def test_a_claim_that_is_not_supported_is_never_written(chain: EvidenceChain, key: SigningKey) -> None:
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    head = chain.head()
    with pytest.raises(EvidenceError, match="replicas"):
        chain.append(key, ORIGIN, replace(sound_proof(), replicas=()), MADE_AT)
    assert chain.head() == head


@pytest.mark.parametrize("emulated", [True, False])
def test_only_the_right_key_signs(chain: EvidenceChain, tmp_path: Path, *, emulated: bool) -> None:
    wrong = signing_key(tmp_path / "keys", emulated=not emulated)
    with pytest.raises(EvidenceError) as caught:
        chain.append(wrong, replace(ORIGIN, emulated=emulated), a_refusal(), MADE_AT)
    assert caught.value.code == "evidence.wrong-key"
    assert chain.files() == ()


@pytest.mark.parametrize("other", [replace(ORIGIN, job="weekly"), replace(ORIGIN, installation="lab002")])
def test_a_chain_takes_one_job_of_one_installation(
    chain: EvidenceChain, key: SigningKey, other: Origin
) -> None:
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    chain.check_ready(ORIGIN)
    with pytest.raises(EvidenceError, match="another job or installation"):
        chain.check_ready(other)
    with pytest.raises(EvidenceError, match="another job or installation"):
        chain.append(key, other, a_refusal(), MADE_AT)


def test_nothing_is_built_on_a_damaged_record(chain: EvidenceChain, key: SigningKey) -> None:
    path = chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(EvidenceError) as caught:
        chain.check_ready(ORIGIN)
    assert caught.value.code == "evidence.malformed"
    assert caught.value.subject == path.name


def test_an_empty_chain_and_one_without_its_first_record_do_not_verify(
    chain: EvidenceChain, key: SigningKey
) -> None:
    with pytest.raises(EvidenceError, match="no records"):
        chain.verify(key.public)
    first = chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    chain.append(key, ORIGIN, a_refusal(), MADE_AT)
    first.unlink()
    with pytest.raises(EvidenceError, match="first record is missing"):
        chain.verify(key.public)


@pytest.mark.parametrize("job", ["", ".", "..", "../keys", "a/b", "/etc", ".hidden", "-x", "a\0b", "a\n"])
def test_a_name_that_could_leave_the_folder_is_no_job(tmp_path: Path, job: str) -> None:
    with pytest.raises(BadInput):
        EvidenceChain.of_job(tmp_path, job)


def test_a_jobs_chain_lies_in_the_folder_of_its_name(tmp_path: Path, key: SigningKey) -> None:
    path = EvidenceChain.of_job(tmp_path, "nightly").append(key, ORIGIN, a_refusal(), MADE_AT)
    assert path == tmp_path / "nightly" / "000001-refusal.json"
