"""The commands of the page, run as they stand there."""

from __future__ import annotations

import re
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest

from orchestrator.evidence import EvidenceChain, Problem, SigningKey
from tests.orchestrator.evidence.sample_records import (
    MADE_AT,
    ORIGIN,
    an_abort,
    answer_to,
    lab_key,
    payload_of,
    sign_payload,
    sound_proof,
)

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "check-a-record-with-openssl.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
SIGNATURE, KEY, CHAIN = BLOCKS


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return lab_key(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path: Path, key: SigningKey, needs_program: Callable[[str], str]) -> Path:
    """A folder as the page describes it, with a proof and the record after it."""
    needs_program("openssl")
    chain = EvidenceChain(tmp_path / "chain")
    proof = chain.append(key, ORIGIN, sound_proof(), MADE_AT)
    answer = chain.append(key, ORIGIN, answer_to(proof), MADE_AT)
    here = tmp_path / "here"
    here.mkdir()
    copy(proof, here / "record.json")
    copy(answer, here / "next.json")
    copy(tmp_path / "keys" / "lab.pub", here / "evidence.pub")
    return here


def run(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", commands], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_genuine_record_passes_every_step(folder: Path) -> None:
    done = run("".join(BLOCKS), folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "Signature Verified Successfully",
        "It names this key.",
        "The next record follows upon it.",
    ]
    assert (folder / "payload.json").read_bytes() == payload_of((folder / "record.json").read_bytes())


def test_a_large_record_passes(folder: Path, tmp_path: Path, key: SigningKey) -> None:
    large = replace(an_abort(), reason=Problem("host.gone", "x" * 300_000, "EXCH1", ""))
    copy(EvidenceChain(tmp_path / "large").append(key, ORIGIN, large, MADE_AT), folder / "record.json")
    assert run(SIGNATURE, folder).returncode == 0


def test_an_altered_record_fails(folder: Path) -> None:
    record = folder / "record.json"
    genuine = record.read_bytes()
    payload = payload_of(genuine)
    altered = payload.replace(b'"hold_s":0.4', b'"hold_s":0.3')
    assert altered != payload
    record.write_bytes(genuine.replace(b64encode(payload), b64encode(altered)))
    assert run(SIGNATURE, folder).returncode != 0
    assert run(CHAIN, folder).returncode != 0


def test_a_record_of_another_key_fails(folder: Path, tmp_path: Path) -> None:
    record = folder / "record.json"
    record.write_bytes(sign_payload(payload_of(record.read_bytes()), lab_key(tmp_path / "other")))
    assert run(SIGNATURE, folder).returncode != 0
    assert run(KEY, folder).returncode != 0


def test_a_file_without_a_record_fails(folder: Path) -> None:
    (folder / "record.json").write_text("{}\n")
    assert run(SIGNATURE, folder).returncode != 0
