from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cli.app import COMMANDS, NOT_BUILT
from orchestrator.config.job_schema import BUDGET_KEYS, JobSchema
from orchestrator.errors import CATALOGUE, ExitStatus
from orchestrator.errors.hresults import HRESULTS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(DOCS / "generate.py"))


def reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def test_every_generated_page_is_current(generator: dict[str, Any]) -> None:
    assert generator["stale"]() == [], "run `make docs`"


def test_every_code_has_a_heading() -> None:
    headings = re.findall(r"^### (.+)$", reference("error-codes.md"), re.MULTILINE)
    assert headings == [*CATALOGUE, *(f"0x{number:08X}" for number in HRESULTS)]
    assert all(f"| {int(status)} |" in reference("error-codes.md") for status in ExitStatus)


def test_every_key_of_a_job_file_has_a_row() -> None:
    page = reference("job-file.md")
    assert [key for key in (*JobSchema.model_fields, *BUDGET_KEYS) if f"| `{key}` |" not in page] == []


def test_every_command_has_its_help() -> None:
    page = reference("command-line.md")
    assert [name for name in COMMANDS if f"\n## quiesce {name}\n" not in page] == []
    assert "\n## quiesce array add\n" in page
    assert [name for name in NOT_BUILT if f"`{name}`" not in page] == []
    assert max(map(len, page.partition("```text")[2].split("```text")[0].splitlines())) <= 88


def test_a_page_that_was_edited_or_lost_is_seen(
    generator: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator["stale"].__globals__["REFERENCE"] = tmp_path
    try:
        assert generator["main"]([]) == 0
        assert generator["main"](["--check"]) == 0
        with (tmp_path / "job-file.md").open("a") as page:
            page.write("One more sentence.\n")
        (tmp_path / "error-codes.md").unlink()
        assert generator["main"](["--check"]) == 1
    finally:
        generator["stale"].__globals__["REFERENCE"] = DOCS / "reference"
    said = capsys.readouterr().err
    assert "job-file.md is stale" in said
    assert "error-codes.md is stale" in said
