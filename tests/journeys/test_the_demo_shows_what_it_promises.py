from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.journeys.home import Home, ended

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LONGEST_S = 30.0


def test_the_demo_shows_a_proof_torn_copies_a_refusal_and_a_failed_night(home: Home, tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    with home.started("demo", "--json", "--keep", keep) as process:
        demo = ended(process)
        with pytest.raises(ProcessLookupError):  # no child outlives it
            os.killpg(process.pid, 0)
    assert (demo.status, demo.err) == (0, "")
    shown = demo.result
    assert (shown["run"]["status"], shown["run"]["grade"]) == ("completed", "writer-verified")
    assert 0 < shown["run"]["window_ms"] < 6000
    assert shown["ordering"]["valid"]
    assert set(shown["ordering"]["databases"]) == {"DB01", "DB02"}
    assert shown["break_off"]["copies"] == 20
    assert shown["break_off"]["torn"] >= 15
    assert (shown["break_off"]["refused"], shown["break_off"]["code"]) == (True, "policy.break-off-refused")
    assert shown["failed_night"]["status"] == "aborted"
    assert shown["failed_night"]["problem"]["code"] == "window.expired"
    assert shown["failed_night"]["removed"] != []

    evidence, key = Path(shown["evidence"]["path"]), shown["public_key"]["path"]
    assert keep in evidence.parents
    verified = home.quiesce("evidence", "verify", evidence, "--key", key, "--json")
    assert verified.status == 0
    spoilt = evidence.read_bytes().replace(b"A", b"B", 1)
    evidence.write_bytes(spoilt)
    assert home.quiesce("evidence", "verify", evidence, "--key", key, "--json").status == 5


def test_the_demo_keeps_evidence_and_key_without_being_told_where(home: Home, tmp_path: Path) -> None:
    demo = home.quiesce("demo", "--quiet", TMPDIR=str(tmp_path))
    assert (demo.status, demo.err) == (0, "")
    for number in range(1, 5):
        assert f"{number}. " in demo.out
    (kept,) = tmp_path.glob("quiesce-demo-*")
    assert sorted(path.name for path in kept.glob("evidence/nightly/*")) >= ["000001-proof.json"]
    assert not (kept / "lab").exists()


def test_the_demo_takes_no_folder_that_holds_something(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    refused = home.quiesce("demo", "--json", "--keep", tmp_path)
    assert (refused.status, refused.problem["code"]) == (2, "input.usage")
