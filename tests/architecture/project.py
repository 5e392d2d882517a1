"""The project itself, as the tests of this folder look at it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
SETTINGS: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: Final = ("orchestrator", "providers")

CONTRACTS: Final = {each["id"]: each for each in SETTINGS["tool"]["importlinter"]["contracts"]}
# The folders of the orchestrator, layer by layer, the highest first.
LAYERS: Final = [[name.strip(" ()") for name in row.split("|")] for row in CONTRACTS["layers"]["layers"]]


def our_files(*patterns: str) -> list[Path]:
    """Return every file that is or could be committed, or only those that fit git's patterns."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns)
    return sorted(path for name in set(listed.stdout.split("\0")) - {""} if (path := ROOT / name).is_file())


def our_modules() -> list[str]:
    """Return the dotted names of all modules and packages that ship."""
    names = []
    for path in our_files(*(f"{package}/*.py" for package in PACKAGES)):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def run(
    program: str, *arguments: str | Path, stdin: str = "", cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program, of our environment if it has it, and return what it said; its failure is an answer."""
    own = Path(sys.executable).parent / program
    command: Sequence[str | Path] = (own if own.exists() else program, *arguments)
    return subprocess.run(command, input=stdin, cwd=cwd, env=env, text=True, capture_output=True, check=False)
