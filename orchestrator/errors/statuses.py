"""Exit and HTTP statuses of every error family, in one table."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from orchestrator.errors import tree


class ExitStatus(IntEnum):
    """What the process says when it ends; also the order of `run.status`."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    REFUSED = 3
    ABORTED = 4
    FAILED_VERIFICATION = 5
    IN_DOUBT = 6
    STILL_RUNNING = 7
    NEEDS_ATTENTION = 8


class Retryable(StrEnum):
    """Whether asking again can help."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


class Status(NamedTuple):
    """One row of the table."""

    exit_status: ExitStatus
    http_status: int
    retryable: Retryable


# Read from the most special class to the most general: the first class in an error's own method
# resolution order that has a row decides.
STATUS_OF: Final[dict[type[BaseException], Status]] = {
    tree.BadInput: Status(ExitStatus.USAGE, 422, Retryable.NEVER),
    tree.Refused: Status(ExitStatus.REFUSED, 409, Retryable.NEVER),
    tree.HostError: Status(ExitStatus.ABORTED, 502, Retryable.LATER),
    tree.WindowExpired: Status(ExitStatus.ABORTED, 504, Retryable.LATER),
    tree.Interrupted: Status(ExitStatus.ABORTED, 503, Retryable.NOW),
    tree.ArrayBusy: Status(ExitStatus.ABORTED, 503, Retryable.LATER),
    tree.ArrayError: Status(ExitStatus.ABORTED, 502, Retryable.LATER),
    tree.InDoubt: Status(ExitStatus.IN_DOUBT, 409, Retryable.LATER),
    tree.VerificationError: Status(ExitStatus.FAILED_VERIFICATION, 422, Retryable.LATER),
    tree.VerificationStopped: Status(ExitStatus.FAILED_VERIFICATION, 503, Retryable.NOW),
    tree.EvidenceError: Status(ExitStatus.FAILED_VERIFICATION, 422, Retryable.NEVER),
    Exception: Status(ExitStatus.INTERNAL, 500, Retryable.NEVER),
}


def _status_of(error: BaseException) -> Status:
    return next(STATUS_OF[cls] for cls in (*type(error).__mro__, Exception) if cls in STATUS_OF)


def exit_status_of(error: BaseException) -> ExitStatus:
    """Return the process exit status for an error."""
    return _status_of(error).exit_status


def http_status_of(error: BaseException) -> int:
    """Return the HTTP status for an error."""
    return _status_of(error).http_status


def retryable_of(error: BaseException) -> Retryable:
    """Return whether asking again can help: at once, later, or never."""
    return _status_of(error).retryable
