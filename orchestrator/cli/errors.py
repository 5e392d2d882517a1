"""`quiesce errors`: explain a code."""

from __future__ import annotations

from typing import Any, Final

import click

from orchestrator.cli.output import Answer, answers, columns
from orchestrator.errors import (
    CATALOGUE,
    ArrayError,
    BadInput,
    EvidenceError,
    ExitStatus,
    HostError,
    InDoubt,
    Interrupted,
    OrchestratorError,
    Refused,
    VerificationError,
    VerificationStopped,
    WindowExpired,
    exit_status_of,
)
from orchestrator.errors.hresults import HRESULTS, hresult_of

# As which class an error is raised; a code's own row goes before its family's.
RAISED_AS: Final[dict[str, type[OrchestratorError]]] = {
    "input": BadInput,
    "policy": Refused,
    "registry": Refused,
    "host": HostError,
    "array": ArrayError,
    "window": WindowExpired,
    "proof": HostError,
    "run.interrupted": Interrupted,
    "run": InDoubt,
    "evidence": EvidenceError,
    "ese": VerificationError,
    "verify.stopped": VerificationStopped,
    "verify": VerificationError,
    "lab": OrchestratorError,
    "internal": OrchestratorError,
}


def exit_status_of_code(code: str) -> ExitStatus:
    """Return the exit status of a command that ends with this code."""
    raised_as = RAISED_AS.get(code) or RAISED_AS[code.partition(".")[0]]
    return exit_status_of(raised_as(code, ""))


# Tools on Windows print status codes as negative numbers, which must not be taken for options.
@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("code", required=False)
@answers("quiesce.errors/1")
def errors(code: str | None) -> Answer:
    """Explain CODE: its cause, what to do next, and the exit status. Without CODE, list all.

    CODE may be a status code of VSS as well, for example 0x80042314.
    """
    if code is None:
        found = [*map(_explained, CATALOGUE), *map(_explained_hresult, HRESULTS)]
        return Answer({"errors": found}, columns([(error["code"], error["cause"]) for error in found]))
    hresult = hresult_of(code)
    if code in CATALOGUE:
        error = _explained(code)
    elif hresult in HRESULTS:
        error = _explained_hresult(hresult)
    else:
        raise BadInput("input.unknown-code", "There is no such code.", subject=code)
    return Answer({"errors": [error]}, _text(error))


def _explained(code: str) -> dict[str, Any]:
    status = exit_status_of_code(code)
    return {"code": code, **CATALOGUE[code]._asdict(), "exit_status": int(status)}


def _explained_hresult(number: int) -> dict[str, Any]:
    name, cause, remedy = HRESULTS[number]
    return {"code": f"0x{number:08X}", "name": name, "cause": cause, "remedy": remedy, "exit_status": None}


def _text(error: dict[str, Any]) -> str:
    name = f" {error['name']}" if "name" in error else ""
    status = "" if error["exit_status"] is None else f"\n  exit status: {error['exit_status']}"
    return f"{error['code']}{name}\n  cause: {error['cause']}\n  next: {error['remedy']}{status}"
