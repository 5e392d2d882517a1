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
from orchestrator.errors.ese_errors import ESE_ERRORS, ese_error_of
from orchestrator.errors.event_ids import EVENTS, event_of
from orchestrator.errors.hresults import HRESULTS, hresult_of

# As which class an error is raised; a code's own row goes before its family's.
RAISED_AS: Final[dict[str, type[OrchestratorError]]] = {
    "input": BadInput,
    "policy": Refused,
    "registry": Refused,
    "host": HostError,
    "agent.token-refused": Refused,
    "agent.authority-expired": Refused,
    "agent.authority-lost": Refused,
    "agent.not-pending": Refused,
    "agent.already-enrolled": Refused,
    "agent.hub-refused": HostError,
    "agent": BadInput,
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

    CODE may be a status code of VSS as well (0x80042314, or as a decimal number with or without a sign),
    a number of Exchange's database engine (-1018), or an event of a Windows log (EVENT:2004).
    """
    if code is None:
        found = [*map(_explained, CATALOGUE), *map(_explained_hresult, HRESULTS)]
        found += [*map(_explained_ese_error, ESE_ERRORS), *map(_explained_event, EVENTS)]
        return Answer({"errors": found}, columns([(error["code"], error["cause"]) for error in found]))
    error = _explained_any(code)
    return Answer({"errors": [error]}, _text(error))


def _explained_any(code: str) -> dict[str, Any]:
    if code in CATALOGUE:
        return _explained(code)
    if (hresult := hresult_of(code)) in HRESULTS:
        return _explained_hresult(hresult)
    if (number := ese_error_of(code)) in ESE_ERRORS:
        return _explained_ese_error(number)
    if (event := event_of(code)) in EVENTS:
        return _explained_event(event)
    raise BadInput("input.unknown-code", "There is no such code.", subject=code)


def _explained(code: str) -> dict[str, Any]:
    status = exit_status_of_code(code)
    return {"code": code, **CATALOGUE[code]._asdict(), "exit_status": int(status)}


def _explained_hresult(number: int) -> dict[str, Any]:
    found = HRESULTS[number]
    return {
        "code": f"0x{number:08X}",
        **found._asdict(),
        "retry": found.retry_class.meaning,
        "exit_status": None,
    }


def _explained_ese_error(number: int) -> dict[str, Any]:
    return {"code": str(number), **ESE_ERRORS[number]._asdict(), "exit_status": None}


def _explained_event(number: int) -> dict[str, Any]:
    return {"code": f"EVENT:{number}", **EVENTS[number]._asdict(), "exit_status": None}


def _text(error: dict[str, Any]) -> str:
    head = " ".join(error[key] for key in ("code", "name") if key in error)
    lines = [head, f"  cause: {error['cause']}", f"  next: {error['remedy']}"]
    if "retry_class" in error:
        lines.append(f"  again: {error['retry_class']} - {error['retry']}")
    if error.get("recalled"):
        lines.append("  (told from memory of the product's logs; no document at hand confirms it)")
    if error["exit_status"] is not None:
        lines.append(f"  exit status: {error['exit_status']}")
    return "\n".join(lines)
