"""How every command answers: one JSON document, or text for people; statuses from the one table."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, ParamSpec

import click

from orchestrator.errors import ExitStatus, OrchestratorError, exit_status_of, retryable_of

P = ParamSpec("P")

PROBLEM_SCHEMA: Final = "quiesce.problem/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found out.

    Attributes:
        result: goes into the JSON document as it is.
        text: what people read on stdout.
        exit_status: of the process.
    """

    result: Mapping[str, Any]
    text: str
    exit_status: ExitStatus = ExitStatus.OK


def document(schema: str, answer: Answer) -> str:
    """Return the one ASCII-only JSON document of a command that worked."""
    return json.dumps(
        {
            "schema": schema,
            "ok": answer.exit_status is ExitStatus.OK,
            "exit_status": int(answer.exit_status),
            "result": answer.result,
            "retryable": "never",
        }
    )


def problem_document(error: BaseException, exit_status: ExitStatus | None = None) -> str:
    """Return the one ASCII-only JSON document of a command that failed."""
    return json.dumps(
        {
            "schema": PROBLEM_SCHEMA,
            "ok": False,
            "exit_status": int(exit_status if exit_status is not None else exit_status_of(error)),
            "problem": problem_of(error),
            "retryable": retryable_of(error).value,
        }
    )


def problem_of(error: BaseException) -> dict[str, str]:
    """Return an error as data: code, what, subject, remedy."""
    if isinstance(error, OrchestratorError):
        return {"code": error.code, "what": error.what, "subject": error.subject, "remedy": error.remedy}
    if isinstance(error, click.ClickException):
        return {"code": "input.usage", "what": error.format_message(), "subject": "", "remedy": "See --help."}
    return {"code": "internal.fault", "what": f"{type(error).__name__}: {error}", "subject": "", "remedy": ""}


def problem_text(error: OrchestratorError) -> str:
    """Return an error as people read it: what, which object, what to do next, code."""
    return f"error: {error}\n  next: {error.remedy}\n  code: {error.code}"


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
            as_json, quiet = bool(kwargs.pop("as_json")), bool(kwargs.pop("quiet"))
            ctx.obj = Manner(as_json=as_json, quiet=quiet)
            try:
                answer = function(*args, **kwargs)
            except OrchestratorError as error:
                if as_json:
                    click.echo(problem_document(error))
                elif not quiet:
                    click.echo(problem_text(error), err=True)
                ctx.exit(int(exit_status_of(error)))
            click.echo(document(schema, answer) if as_json else answer.text, nl=as_json or bool(answer.text))
            ctx.exit(int(answer.exit_status))

        return command

    return decorate


@dataclass(frozen=True, slots=True)
class Manner:
    """How the user wants to be answered; a command finds it as `click.get_current_context().obj`."""

    as_json: bool = False
    quiet: bool = False

    @property
    def shows_progress(self) -> bool:
        """Whether bars and live lines may be drawn on stderr."""
        return not self.quiet and not self.as_json and sys.stderr.isatty()
