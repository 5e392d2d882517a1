"""The judge of the emulated FlashArray: py-pure-client, in its own environment and process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.judges.pure_flasharray.run import FLOWS

ROOT = Path(__file__).parents[3]
JUDGE = ROOT / ".venv-judge-pure" / "bin" / "python"

pytestmark = [pytest.mark.judge, pytest.mark.timeout(180)]


@pytest.fixture(scope="session")
def arrays() -> Iterator[str]:
    """One emulated array per flow, all in one child process, as the user's own command serves them."""
    command = [sys.executable, "-m", "orchestrator", "lab", "array", "pure-flasharray", "--json"]
    command += ["--count", str(len(FLOWS)), "--until-stdin-ends"]
    for name in ("db", "log", "other"):
        command += ["--array-volume", f"{name}=1MiB"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab:
        assert lab.stdin is not None
        assert lab.stdout is not None
        yield "".join(lab.stdout.readline() for _ in FLOWS)
        lab.stdin.close()
        assert lab.wait(timeout=20) == 0


@pytest.fixture(scope="session")
def problems(arrays: str) -> dict[str, str]:
    """What each flow found wrong: nothing, if the emulator is as the SDK demands."""
    if not JUDGE.exists():
        pytest.skip(f"missing: {JUDGE.parent.parent.name}, the judge's environment (make test makes it)")
    done = subprocess.run(
        [str(JUDGE), "-m", "tests.judges.pure_flasharray.run"],
        cwd=ROOT,
        input=arrays,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {result["flow"]: result["problem"] for result in results}


@pytest.mark.parametrize("flow", FLOWS)
def test_the_sdk_finds_that(flow: str, problems: dict[str, str]) -> None:
    assert problems[flow] == ""
