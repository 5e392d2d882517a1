from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from orchestrator.evidence import EvidenceChain, Proof, PublicKey
from orchestrator.lab.real.requirements import PROGRAMS
from tests.orchestrator.lab.real.leftovers import await_nothing_under, loop_files_under

pytestmark = [pytest.mark.journey, pytest.mark.real, pytest.mark.timeout(180)]

LONGEST_S: Final = 120.0
ROUNDS: Final = 25  # a hundred in all, as the README says
COMBINATIONS: Final = {
    (host, array) for host in ("fsfreeze", "qemu-guest-agent") for array in ("software-reflink", "qemu-block")
}


@pytest.fixture
def temporary(needs_program: Callable[[str], str]) -> Iterator[Path]:
    """A folder for temporary files, short enough for the path of a socket."""
    if os.geteuid() != 0:
        pytest.skip("missing: root")
    for program in PROGRAMS:
        needs_program(program)
    with tempfile.TemporaryDirectory(prefix="qsc-demo-") as folder:
        yield Path(folder)
        await_nothing_under(Path(folder))


@contextmanager
def demo(temporary: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "orchestrator", "demo", "--real", "--rounds", str(ROUNDS), "--json", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=LONGEST_S)
    assert err == ""
    document: dict[str, Any] = json.loads(out)
    assert document["exit_status"] == process.returncode
    return document


def await_first_proof(temporary: Path) -> None:
    until = time.monotonic() + LONGEST_S
    while not [*temporary.glob("quiesce-demo-*/evidence/*/000001-proof.json")]:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_no_frozen_clone_is_torn_and_nothing_is_left_but_the_evidence(temporary: Path) -> None:
    with demo(temporary) as process:
        document = ended(process)
    await_nothing_under(temporary)
    assert (document["schema"], document["exit_status"]) == ("quiesce.demo-real/1", 0)
    shown = document["result"]
    assert {(each["host"], each["array"]) for each in shown["combinations"]} == COMBINATIONS
    for each in shown["combinations"]:
        assert each["as_promised"]
        assert each["split_off"]["torn"] > each["split_off"]["copies"] / 2
        assert (each["frozen"]["clones"], each["frozen"]["torn"], each["frozen"]["proofs"]) == (
            ROUNDS,
            0,
            ROUNDS,
        )
        assert 0 < each["frozen"]["window_ms"]["p50"] <= each["frozen"]["window_ms"]["p99"] < 6000
    (kept,) = temporary.iterdir()
    assert {path.name for path in kept.iterdir()} >= {"evidence", "keys"}
    assert not (kept / "lab").exists()
    key = PublicKey.from_file(Path(shown["public_key"]["path"]))
    for host, array in COMBINATIONS:
        chain = EvidenceChain.of_job(Path(shown["evidence"]["path"]), f"{host}-{array}").verify(key)
        claims = [each.record.claim for each in chain.records]
        proofs = [claim for claim in claims if isinstance(claim, Proof)]
        assert [proof.grade for proof in proofs] == ["file-system-consistent"] * ROUNDS
        assert not any(each.record.origin.emulated for each in chain.records)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_stopped_takes_everything_away(temporary: Path, number: signal.Signals) -> None:
    with demo(temporary) as process:
        await_first_proof(temporary)
        for _ in range(2):
            os.killpg(process.pid, number)  # like Ctrl-C in a terminal
            time.sleep(0.01)
        document = ended(process)
    await_nothing_under(temporary)
    assert document["exit_status"] == 4
    assert document["problem"]["code"] == "run.interrupted"
    (kept,) = temporary.iterdir()
    assert not (kept / "lab").exists()


def test_a_demo_that_is_killed_leaves_nothing_mounted_and_nobody_running(temporary: Path) -> None:
    with demo(temporary) as process:
        await_first_proof(temporary)
        assert loop_files_under(temporary) != []
        process.kill()
    await_nothing_under(temporary)
