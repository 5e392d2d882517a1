"""Reads a job file and says exactly where it is wrong."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.config.job import Job
from orchestrator.config.job_schema import NOT_BUILT, JobSchema
from orchestrator.config.small_file import read_small_file, reason_of
from orchestrator.config.toml_lines import line_of
from orchestrator.errors import BadInput

# The time to parse a dotted key grows with the square of its length: these two keep any file under a second.
_LIMIT_BYTES: Final = 64 * 1024
_LIMIT_LINE: Final = 4096


def load_job(path: Path) -> Job:
    """Read a job file.

    Raises:
        BadInput: names the file, and the line and key where there is one.
    """
    text = _text_of(path)
    keys = _parsed(path, text)
    if planned := next((key for key in keys if key in NOT_BUILT), None):
        raise BadInput(
            "input.not-built", f"The key `{planned}` is not part of this version.",
            subject=_place(path, line_of(text, [planned])),
        )  # fmt: skip
    try:
        return JobSchema.model_validate(keys).job()
    except ValidationError as error:
        raise _bad_key(path, text, error) from None


def _text_of(path: Path) -> str:
    try:
        text = read_small_file(path, _LIMIT_BYTES).content.decode("utf-8-sig")  # Notepad writes a mark
    except UnicodeDecodeError:
        raise BadInput("input.bad-file", "The job file is not UTF-8 text.", subject=str(path)) from None
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        raise BadInput(
            "input.bad-file", f"The job file cannot be read: {reason}.", subject=str(path)
        ) from None
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > _LIMIT_LINE:
            raise BadInput("input.bad-file", "The line is too long.", subject=_place(path, number))
    return text


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise BadInput("input.bad-file", "The file is nested too deeply.", subject=str(path)) from None
    except ValueError as error:  # TOMLDecodeError, and integers too long for Python
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = _place(path, int(found[1])) if found else str(path)
        raise BadInput("input.bad-file", f"This is not valid TOML: {error}.", subject=where) from None


def _bad_key(path: Path, text: str, error: ValidationError) -> BadInput:
    """Report the first wrong key in the order of the file; missing ones, which have no line, come last."""
    found: list[tuple[int | None, ErrorDetails]] = [
        (None if details["type"] == "missing" else line_of(text, _keys(details)), details)
        for details in error.errors(include_url=False, include_input=False)
    ]
    line, details = min(found, key=lambda item: item[0] or _LIMIT_BYTES)
    return BadInput(
        "input.bad-key",
        f"The key `{'.'.join(_keys(details))}` {_complaint(details)}.",
        subject=_place(path, line),
    )


def _keys(details: ErrorDetails) -> list[str]:
    # pydantic marks a wrong key of a table with "[key]", and counts list items
    return [part for part in details["loc"] if isinstance(part, str) and part != "[key]"]


def _complaint(details: ErrorDetails) -> str:
    if details["type"] == "missing":
        return "is missing"
    if details["type"] == "extra_forbidden":
        near = get_close_matches(str(details["loc"][-1]), JobSchema.model_fields, n=1)
        return f"is unknown; did you mean `{near[0]}`" if near else "is unknown"
    return f"does not fit: {details['msg'].removeprefix('Value error, ').removeprefix('Input ')}"


def _place(path: Path, line: int | None) -> str:
    return str(path) if line is None else f"{path}:{line}"
