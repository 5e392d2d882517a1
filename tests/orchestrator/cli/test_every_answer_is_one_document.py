"""What surrounds all commands: usage errors, commands not built, faults, Ctrl-C, and a light --help."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from orchestrator.cli import errors as errors_module
from orchestrator.cli.app import COMMANDS, NOT_BUILT
from orchestrator.errors import Refused
from tests.orchestrator.cli.conftest import Quiesce

PLANNED = """init status job apply promote audit report doctor conformance token secrets serve"""


@pytest.mark.parametrize(
    "args",
    [
        ("no-such-command",),
        ("array", "no-such-command"),
        ("array", "add"),
        ("array", "add", "x"),
        ("array", "show"),
        ("array", "show", "a", "b"),
        ("array", "show", "a", "--no-such-option"),
        ("array",),
        ("--no-such-option",),
        ("errors", "a", "b"),
    ],
)
def test_a_usage_error_is_a_problem_like_any_other(quiesce: Quiesce, args: tuple[str, ...]) -> None:
    ended = quiesce(*args, "--json")
    assert (ended.status, ended.err) == (2, "")
    assert ended.document["schema"] == "quiesce.problem/1"
    assert ended.problem["code"] == "input.usage"
    assert ended.document["retryable"] == "never"
    text = quiesce(*args)
    assert (text.status, text.out) == (2, "")
    assert "Usage: quiesce" in text.err
    assert quiesce(*args, "--quiet").err == ""


def test_json_is_asked_for_in_a_sub_command_only(quiesce: Quiesce) -> None:
    assert quiesce("--json", "errors").problem["code"] == "input.usage"


def test_text_that_is_not_ascii_is_escaped(quiesce: Quiesce) -> None:
    assert quiesce("array", "show", "Ä", "--json").problem["subject"] == "Ä"


def test_every_planned_command_is_known() -> None:
    assert set(NOT_BUILT) == set(PLANNED.split())
    assert not set(NOT_BUILT) & set(COMMANDS)


@pytest.mark.parametrize("name", NOT_BUILT)
@pytest.mark.parametrize("more", [(), ("x", "--y")])
def test_commands_not_built_are_refused_by_name(quiesce: Quiesce, name: str, more: tuple[str, ...]) -> None:
    ended = quiesce(name, *more, "--json")
    assert (ended.status, ended.problem["code"]) == (2, "input.not-built")
    assert f"`quiesce {name}`" in ended.problem["what"]
    text = quiesce(name, *more)
    assert (text.status, text.out) == (2, "")
    assert "input.not-built" in text.err


def test_a_fault_nobody_foresaw_is_a_problem_too(quiesce: Quiesce, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors_module, "columns", lambda rows: 1 / 0)
    ended = quiesce("errors", "--json")
    assert (ended.status, ended.problem["code"]) == (1, "internal.fault")
    assert ended.problem["what"] == "ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in ended.err
    assert quiesce("errors", "--quiet").err == ""


def test_ctrl_c_ends_a_command_in_words(quiesce: Quiesce, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(rows: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(errors_module, "columns", interrupted)
    ended = quiesce("errors", "--json")
    assert (ended.status, ended.problem["code"]) == (130, "run.interrupted")
    assert "Stopped by Ctrl-C" in quiesce("errors").err


def test_notes_on_what_else_is_wrong_are_shown(quiesce: Quiesce, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(rows: Any) -> str:
        error = Refused("policy.lun-unknown", "no array", subject="naa.1", remedy="Do this.")
        error.add_note("also: naa.2: no array")
        raise error

    monkeypatch.setattr(errors_module, "columns", refuse)
    assert quiesce("errors", "--json").problem["notes"] == ["also: naa.2: no array"]
    assert quiesce("errors").err == (
        "error: naa.1: no array\n  also: naa.2: no array\n  next: Do this.\n  code: policy.lun-unknown\n"
    )


HELP = """
import sys
from orchestrator.__main__ import main
try:
    main()
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["no-such-command"], ["serve"]])
def test_help_is_light(args: list[str]) -> None:
    """Imports decide: they take the time, and counting them does not depend on what else the machine does."""
    began_s = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", HELP, *args], capture_output=True, text=True, check=False)
    took_s = time.monotonic() - began_s
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert {"click", "orchestrator"} <= loaded
    heavy = "aiohttp sqlalchemy cryptography pydantic structlog pluggy rich asyncio numpy providers"
    assert not loaded & set(heavy.split())
    assert took_s < 5


def test_help_names_every_command_without_importing_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "orchestrator", "--help"], capture_output=True, text=True, check=True
    )
    assert all(f"  {name} " in ended.stdout for name in COMMANDS)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("code", ["…".encode(), b"\xff"])
def test_output_never_fails_over_a_character(encoding: str, code: bytes) -> None:
    def run(*more: str) -> subprocess.CompletedProcess[bytes]:
        command: list[str | bytes] = [sys.executable, "-m", "orchestrator", "errors", code, *more]
        env = {"PYTHONIOENCODING": encoding, "LC_ALL": "C.UTF-8"}
        return subprocess.run(command, capture_output=True, check=False, env=env)

    subject = json.loads(run("--json").stdout)["problem"]["subject"]
    assert subject == code.decode(errors="surrogateescape")
    assert b"There is no such code" in run().stderr
