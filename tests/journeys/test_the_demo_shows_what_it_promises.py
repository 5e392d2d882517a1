from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import pytest

from tests.journeys.home import Home, ended

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

LONGEST_S: Final = 30.0


def test_the_demo_shows_a_proof_torn_copies_a_refusal_and_a_failed_night(home: Home, tmp_path: Path) -> None:
    with home.started("demo", "--json", TMPDIR=str(tmp_path)) as process:
        began_s = time.monotonic()
        demo = ended(process)
        assert time.monotonic() - began_s < LONGEST_S
        with pytest.raises(ProcessLookupError):  # no child outlives it
            os.killpg(process.pid, 0)
    assert (demo.status, demo.err) == (0, "")
    shown = demo.result
    assert (shown["run"]["status"], shown["run"]["grade"]) == ("completed", "writer-verified")
    assert 0 < shown["run"]["window_ms"] < 6000
    found = {each["caption"]: each["verdict"] for each in shown["verification"]["components"]}
    assert found == {"DB01": "recoverable", "DB02": "recoverable"}
    assert shown["break_off"]["copies"] == 20
    assert shown["break_off"]["torn"] >= 15
    assert "different moments" in shown["break_off"]["finding"]
    assert (shown["break_off"]["refused"], shown["break_off"]["code"]) == (True, "policy.break-off-refused")
    assert shown["failed_night"]["status"] == "aborted"
    assert shown["failed_night"]["problem"]["code"] == "window.expired"
    assert shown["failed_night"]["removed"] != []

    evidence, key = Path(shown["evidence"]["path"]), shown["public_key"]["path"]
    (kept,) = tmp_path.glob("quiesce-demo-*")
    assert kept in evidence.parents
    assert not (kept / "lab").exists()
    chain = sorted(evidence.parent.glob("*.json"))
    assert [path.name for path in chain[1:3]] == ["000002-writers-answer.json", "000003-verification.json"]
    assert '"verdict":"recoverable"' in home.quiesce("evidence", "show", chain[2], "--json").out.replace(
        " ", ""
    )
    verified = home.quiesce("evidence", "verify", evidence, "--key", key, "--json")
    assert verified.status == 0
    spoilt = evidence.read_bytes().replace(b"A", b"B", 1)
    evidence.write_bytes(spoilt)
    assert home.quiesce("evidence", "verify", evidence, "--key", key, "--json").status == 5


def test_the_demo_takes_no_folder_that_holds_something(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    refused = home.quiesce_here("demo", "--json", "--keep", tmp_path)
    assert (refused.status, refused.problem["code"]) == (2, "input.usage")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["mine.txt"]
