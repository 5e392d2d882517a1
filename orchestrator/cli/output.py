"""How every command answers: one JSON document, or text for people; statuses from the one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final, ParamSpec

import click

from orchestrator.errors import (
    BadInput,
    ExitStatus,
    OrchestratorError,
    Retryable,
    exit_status_of,
    retryable_of,
)

P = ParamSpec("P")

PROBLEM_SCHEMA: Final = "quiesce.problem/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found out.

    Attributes:
        result: goes into the JSON document as it is.
        text: what people read on stdout.
        exit_status: of the process.
        retryable: whether asking again can help.
    """

    result: Mapping[str, Any]
    text: str
    exit_status: ExitStatus = ExitStatus.OK
    retryable: Retryable = Retryable.NEVER


@dataclass(frozen=True, slots=True)
class Manner:
    """How the user wants to be answered; a command finds it as `click.get_current_context().obj`."""

    as_json: bool = False
    quiet: bool = False

    @property
    def shows_progress(self) -> bool:
        """Whether bars and live lines may be drawn on stderr."""
        return not self.quiet and not self.as_json and sys.stderr.isatty()


def document(schema: str, answer: Answer) -> str:
    """Return the one ASCII-only JSON document of a command that worked."""
    return json.dumps(
        {
            "schema": schema,
            "ok": answer.exit_status is ExitStatus.OK,
            "exit_status": int(answer.exit_status),
            "result": answer.result,
            "retryable": answer.retryable.value,
        }
    )


def problem_document(error: BaseException, exit_status: int | None = None) -> str:
    """Return the one ASCII-only JSON document of a command that failed."""
    return json.dumps(
        {
            "schema": PROBLEM_SCHEMA,
            "ok": False,
            "exit_status": int(exit_status_of(error) if exit_status is None else exit_status),
            "problem": problem_of(error),
            "retryable": retryable_of(error).value,
        }
    )


def problem_of(error: BaseException) -> dict[str, Any]:
    """Return an error as data: code, what, subject, remedy, and notes on what else is wrong."""
    if isinstance(error, click.ClickException):
        error = BadInput("input.usage", error.format_message())
    elif not isinstance(error, OrchestratorError):
        error = OrchestratorError("internal.fault", f"{type(error).__name__}: {error}")
    notes = [note for note in error.__notes__ if note != error.remedy]
    problem = {"code": error.code, "what": error.what, "subject": error.subject, "remedy": error.remedy}
    return {key: _printable(text) for key, text in problem.items()} | {"notes": [*map(_printable, notes)]}


def _printable(text: str) -> str:
    logs = sys.modules.get("orchestrator.logs")  # when it was never loaded, no secret was ever read
    return text if logs is None else str(logs.redact_known(text))


def problem_text(error: BaseException) -> str:
    """Return an error as people read it: what, which object, what to do next, code."""
    problem = problem_of(error)
    first = f"{problem['subject']}: {problem['what']}" if problem["subject"] else problem["what"]
    notes = "".join(f"\n  {note}" for note in problem["notes"])
    return f"error: {first}{notes}\n  next: {problem['remedy']}\n  code: {problem['code']}"


def report(error: BaseException, manner: Manner, exit_status: int | None = None) -> int:
    """Tell of an error in the user's manner, and return the exit status."""
    if manner.as_json:
        click.echo(problem_document(error, exit_status))
    elif not manner.quiet:
        click.echo(problem_text(error), err=True)
    return int(exit_status_of(error) if exit_status is None else exit_status)


def answers(schema: str) -> Callable[[Callable[P, Answer]], Callable[..., None]]:
    """Make a command of a function that returns an `Answer`: adds --json and --quiet and sets the status.

    Errors of our tree are printed (stderr) or put into the JSON document (stdout); others pass through.
    """

    def decorate(function: Callable[P, Answer]) -> Callable[..., None]:
        @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
        @click.option("--quiet", is_flag=True, help="Print nothing on stderr.")
        @wraps(function)
        def command(*args: P.args, **kwargs: P.kwargs) -> None:
            ctx = click.get_current_context()
            manner = Manner(as_json=bool(kwargs.pop("as_json")), quiet=bool(kwargs.pop("quiet")))
            ctx.obj = manner
            try:
                answer = function(*args, **kwargs)
            except OrchestratorError as error:
                ctx.exit(report(error, manner))
            if manner.as_json:
                click.echo(document(schema, answer))
            elif answer.text:
                click.echo(answer.text)
            ctx.exit(int(answer.exit_status))

        return command

    return decorate


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as lines of aligned columns; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def rfc3339(at: datetime) -> str:
    """Return an instant as data: UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local_time(at: datetime) -> str:
    """Return an instant as people read it: local time with its offset."""
    return at.astimezone().isoformat(sep=" ", timespec="seconds")
