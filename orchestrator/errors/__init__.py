"""Everything that can go wrong, as callers see it. Start at `tree`; `catalogue` explains every code.

Each error says what happened, to which object, and what to do next, under a stable dotted code.
`statuses` is the one table from which exit and HTTP statuses come.
"""

from orchestrator.errors.catalogue import CATALOGUE
from orchestrator.errors.explanation import Explanation
from orchestrator.errors.statuses import ExitStatus, Retryable, exit_status_of, http_status_of, retryable_of
from orchestrator.errors.tree import (
    ArrayAnswerLost,
    ArrayBusy,
    ArrayError,
    ArrayRejected,
    BadInput,
    CutNotAuthorised,
    EvidenceError,
    HostError,
    InDoubt,
    Interrupted,
    OrchestratorError,
    Refused,
    VerificationError,
    VerificationStopped,
    WindowExpired,
)

__all__ = [
    "CATALOGUE",
    "ArrayAnswerLost",
    "ArrayBusy",
    "ArrayError",
    "ArrayRejected",
    "BadInput",
    "CutNotAuthorised",
    "EvidenceError",
    "ExitStatus",
    "Explanation",
    "HostError",
    "InDoubt",
    "Interrupted",
    "OrchestratorError",
    "Refused",
    "Retryable",
    "VerificationError",
    "VerificationStopped",
    "WindowExpired",
    "exit_status_of",
    "http_status_of",
    "retryable_of",
]
