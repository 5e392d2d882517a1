"""README's first screen and the tutorial, followed literally."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.config.job_file import load_job

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TUTORIAL = (ROOT / "docs/tutorial/first-proven-clone.md").read_text(encoding="utf-8")


def shell_blocks(page: str) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)


def environment() -> dict[str, str]:
    """Return an environment in which `quiesce` is the one under test."""
    scripts = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUIESCE_")}
    return {**kept, "PATH": f"{scripts}:{os.environ['PATH']}"}


def test_the_first_screen_of_the_readme_works(tmp_path: Path) -> None:
    install_and_serve, run, break_off = shell_blocks(README)[:3]
    assert "pip install" in install_and_serve.splitlines()[0]
    serve = install_and_serve.splitlines()[1]
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "build").mkdir()
    lab = subprocess.Popen(
        serve.split(),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert lab.stdout is not None
        assert "ready" in lab.stdout.readline() + lab.stdout.readline()
        activated = run.replace(". .venv/bin/activate && ", "") + break_off
        done = subprocess.run(
            ["/bin/bash", "-euc", activated],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        lab.terminate()
        lab.communicate()
    assert lab.returncode == 0
    assert "completed, writer-verified: set qsc-" in done.stdout
    assert "emulated: true" in done.stdout
    assert "freeze window:" in done.stdout
    assert "policy.break-off-refused" in done.stdout
    assert "exit status 3" in done.stdout


def test_the_job_file_shown_is_the_one_in_examples() -> None:
    shown = re.findall(r"^```toml\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)[0]
    assert shown == (ROOT / "examples/nightly.toml").read_text(encoding="utf-8")


def test_every_example_job_can_be_read() -> None:
    names = {load_job(path).name for path in (ROOT / "examples").glob("*.toml")}
    assert names == {"nightly", "break-off"}


def test_the_tutorial_works_from_the_first_block_to_the_last(tmp_path: Path) -> None:
    script = "set -eum\n" + "".join(shell_blocks(TUTORIAL))
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "completed, writer-verified" in done.stdout
    assert done.stderr.count("ESEUTIL") + done.stdout.count("ESEUTIL") >= 2
    assert "removed: logs" in done.stdout
