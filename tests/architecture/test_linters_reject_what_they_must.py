"""The settings of ruff and mypy that guard a rule of ours, each seen to reject what it is there for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.architecture.project import ROOT, SETTINGS, run

# mistake: where it stands, what it is, the rule that must see it
RUFF: Final = {
    "a time-out of one's own": (
        "orchestrator/engine/a.py",
        "import asyncio\n\nasyncio.wait_for(work, 1)",
        "TID251 `asyncio.wait_for` is banned",
    ),
    "a clock of one's own": (
        "providers/shared/a.py",
        "import time\n\nNOW = time.time()",
        "TID251 `time.time` is banned",
    ),
    "a time-out in pure code": (
        "orchestrator/shadowcopy/a.py",
        "from asyncio import wait_for",
        "TID251 `asyncio` is banned",
    ),
    "a loop in pure code": ("orchestrator/policy/a.py", "import asyncio", "TID251 `asyncio` is banned"),
    "a clock in pure code": ("orchestrator/model/a.py", "import time", "TID251 `time` is banned"),
    "the date in pure code": (
        "orchestrator/policy/a.py",
        "import datetime\n\nNOW = datetime.datetime.now(datetime.UTC)",
        "TID251 `datetime.datetime.now` is banned",
    ),
    "a time without its zone": (
        "orchestrator/engine/a.py",
        "import datetime\n\nNOW = datetime.datetime.now()",
        "DTZ005",
    ),
    "a task that nobody holds": (
        "orchestrator/engine/a.py",
        "import asyncio\n\n\nasync def start():\n    asyncio.create_task(work())",
        "RUF006",
    ),
    "a sleep that blocks the loop": (
        "orchestrator/engine/a.py",
        "import time\n\n\nasync def wait():\n    time.sleep(1)",
        "ASYNC251",
    ),
    "a catch-all": ("orchestrator/engine/a.py", "try:\n    work()\nexcept Exception:\n    pass", "BLE001"),
    "a print": ("orchestrator/engine/a.py", "print('thawed')", "T201"),
    "a relative import": ("orchestrator/engine/a.py", "from . import b", "TID252"),
    "a docstring left out, under the folder's own settings": (
        "orchestrator/policy/a.py",
        "def judge():\n    return 1",
        "D103",
    ),
}

# error code: a function that has it
MYPY: Final = {
    "unused-coroutine": "async def leave_frozen(held: Held) -> None:\n    held.thaw()",
    "unused-awaitable": "async def drop(held: Held) -> None:\n    asyncio.ensure_future(held.thaw())",
    "exhaustive-match": "def see(end: End) -> None:\n    match end:\n        case End.RELEASE: ...",
    "possibly-undefined": "def left(held: bool) -> int:\n    if held:\n        left_s = 1\n    return left_s",
    "truthy-bool": "def ask(held: Held) -> None:\n    if held:\n        print(held)",
    "ignore-without-code": "hold_s: int = 'six'  # type: ignore",
    "redundant-expr": "def ask(held: Held) -> bool:\n    return isinstance(held, Held) and held.over",
    "no-untyped-def": "def ask(held):\n    return held",
}

MYPY_PREAMBLE: Final = """\
import asyncio
from enum import Enum


class End(Enum):
    RELEASE = 1
    DEAD_MAN = 2


class Held:
    over: bool

    async def thaw(self) -> None: ...


"""


@pytest.mark.parametrize("mistake", RUFF)
def test_ruff_rejects(mistake: str) -> None:
    name, text, complaint = RUFF[mistake]
    linted = run("ruff", "check", "--output-format=concise", "--stdin-filename", name, "-", stdin=f"{text}\n")
    assert complaint in linted.stdout, linted.stdout + linted.stderr


@pytest.fixture(scope="module")
def complaints_of_mypy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what mypy says of all samples, one file each, named after the error."""
    folder = tmp_path_factory.mktemp("samples")
    for code, text in MYPY.items():
        (folder / f"{code.replace('-', '_')}.py").write_text(f"{MYPY_PREAMBLE}{text}\n", encoding="utf-8")
    cache = ROOT / ".mypy_cache" / "samples"
    return run("mypy", "--config-file", "pyproject.toml", "--cache-dir", cache, folder).stdout


@pytest.mark.parametrize("code", MYPY)
def test_mypy_rejects(complaints_of_mypy: str, code: str) -> None:
    file = Path(code.replace("-", "_")).with_suffix(".py").name
    said = [line for line in complaints_of_mypy.splitlines() if file in line and ": error: " in line]
    assert len(said) == 1, complaints_of_mypy
    assert said[0].endswith(f"[{code}]")


def test_every_extra_error_code_is_seen_to_reject() -> None:
    assert set(SETTINGS["tool"]["mypy"]["enable_error_code"]) <= set(MYPY)
