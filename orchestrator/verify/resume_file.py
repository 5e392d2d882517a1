"""Keeps the states of unfinished checks in one JSON file."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from orchestrator.config.small_file import read_small_file, reason_of
from orchestrator.errors import BadInput

SCHEMA: Final = "quiesce.resume/1"
# Findings of a damaged database are bounded; a hundred databases stay far below this.
LIMIT_BYTES: Final = 64 << 20


class ResumeFile:
    """A `ResumeStore`. The file is replaced as a whole, never half written, and removed when all is done.

    Raises:
        BadInput: `input.bad-file`; there is such a file, and it is something else: it is left as it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._states = _states_in(path)

    def load(self, name: str) -> str | None:
        """Return what was last saved under a name."""
        return self._states.get(name)

    def save(self, name: str, state: str) -> None:
        """Keep a state in place of the one before it.

        Raises:
            BadInput: `input.bad-file`; the file cannot be written.
        """
        self._states[name] = state
        text = json.dumps({"schema": SCHEMA, "states": self._states})
        try:
            _replace(self._path, text)
        except OSError as cause:
            said = f"cannot be written: {reason_of(cause)}"
            raise BadInput("input.bad-file", said, subject=str(self._path)) from None

    def clear(self) -> None:
        """Forget all, and remove the file."""
        self._states.clear()
        with suppress(FileNotFoundError):
            self._path.unlink()


def _replace(path: Path, text: str) -> None:
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def _states_in(path: Path) -> dict[str, str]:
    try:
        document = json.loads(read_small_file(path, LIMIT_BYTES).content)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as cause:
        said = (
            "is no resume file"
            if isinstance(cause, json.JSONDecodeError | UnicodeError | RecursionError)
            else reason_of(cause)
        )
        raise BadInput("input.bad-file", said, subject=str(path)) from None
    states = (
        document.get("states") if isinstance(document, dict) and document.get("schema") == SCHEMA else None
    )
    if not isinstance(states, dict) or not all(isinstance(state, str) for state in states.values()):
        raise BadInput("input.bad-file", "is no resume file", subject=str(path))
    return states
