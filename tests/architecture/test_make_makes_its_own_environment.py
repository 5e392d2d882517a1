from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.project import run


@pytest.fixture
def old_python(tmp_path: Path) -> Path:
    """Return an interpreter that says no when asked whether it is new enough."""
    python = tmp_path / "python2.7"
    python.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    python.chmod(0o755)
    return python


def test_an_interpreter_that_is_too_old_is_named_with_the_remedy(tmp_path: Path, old_python: Path) -> None:
    made = run("make", f"VENV={tmp_path / 'venv'}", f"PYTHON={old_python}", "demo")
    assert made.returncode == 2
    assert f"Quiesce needs Python 3.11 or later, and '{old_python}' is not" in made.stderr
    assert "make PYTHON=" in made.stderr
    assert not (tmp_path / "venv").exists()


def test_make_alone_lists_the_targets() -> None:
    listed = run("make").stdout
    assert {line.split()[1] for line in listed.splitlines()} >= {
        "demo",
        "test",
        "check",
        "bench",
        "nightly",
        "docs",
    }


def test_ci_runs_what_a_developer_runs() -> None:
    assert run("bash", "-n", ".ci/run").returncode == 0
    assert run("bash", "-n", ".ci/system-packages").returncode == 0
    assert "make test" in Path(".ci/run").read_text(encoding="utf-8")
