"""The one exception tree.

OrchestratorError
├── BadInput                what was asked cannot be understood; nothing was touched
├── Refused                 we would not; nothing was touched
│   └── CutNotAuthorised        a cut was asked for without a live token
├── HostError               the host side failed
├── WindowExpired           the window's deadline passed before every cut had answered
├── Interrupted             the user or the system stopped the run; everything was undone
├── ArrayError              the array side failed
│   ├── ArrayBusy               overloaded: not executed
│   ├── ArrayRejected           the array said no; carries its own code and text
│   └── ArrayAnswerLost         the request may or may not have happened: settle, do not repeat
├── InDoubt                 a run whose end is unknown; `quiesce recover` decides
├── EvidenceError           a record does not verify
├── VerificationError       the contents of a clone could not be looked at
└── VerificationStopped     somebody does not want the contents looked at any more
"""

from __future__ import annotations

from orchestrator.errors.catalogue import CATALOGUE


class OrchestratorError(Exception):
    """What happened, to which object, what to do next, under a code of the catalogue.

    Args:
        code: a key of `CATALOGUE`.
        what: one sentence; never contains a secret.
        subject: the object concerned, as its user names it.
        remedy: the next step; the catalogue's own when left out.
    """

    def __init__(self, code: str, what: str, *, subject: str = "", remedy: str | None = None) -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.subject = subject
        self.remedy = CATALOGUE[code].remedy if remedy is None else remedy
        self.add_note(self.remedy)

    def __str__(self) -> str:
        return f"{self.subject}: {self.what}" if self.subject else self.what


class BadInput(OrchestratorError):
    """What was asked for cannot be understood. Nothing was touched."""


class Refused(OrchestratorError):
    """We declined before touching anything."""


class CutNotAuthorised(Refused):
    """A cut was asked for without a live token of an open freeze window (R4)."""


class HostError(OrchestratorError):
    """The host, its writers or the way to it failed."""


class WindowExpired(OrchestratorError):
    """The window's deadline passed before every array had answered."""


class Interrupted(OrchestratorError):
    """The run was stopped from outside; it was undone."""


class ArrayError(OrchestratorError):
    """The array, or the way to it, failed."""


class ArrayBusy(ArrayError):
    """The array was overloaded and did not execute the request.

    `retry_after_s` is the array's own advice in seconds, None when it gave none.
    """

    def __init__(self, what: str, *, subject: str = "", retry_after_s: float | None = None) -> None:
        super().__init__("array.busy", what, subject=subject)
        self.retry_after_s = retry_after_s


class ArrayRejected(ArrayError):
    """The array understood the request and said no. Carries the vendor's own words."""

    def __init__(
        self,
        what: str,
        *,
        subject: str = "",
        code: str = "array.rejected",
        vendor_code: str = "",
        remedy: str | None = None,
    ) -> None:
        super().__init__(code, what, subject=subject, remedy=remedy)
        self.vendor_code = vendor_code


class ArrayAnswerLost(ArrayError):
    """No answer came: the request may or may not have been executed. Never repeat it; settle it."""

    def __init__(self, what: str, *, subject: str = "") -> None:
        super().__init__("array.answer-lost", what, subject=subject)


class InDoubt(OrchestratorError):
    """The end of a run is unknown until recovery has asked the array."""


class EvidenceError(OrchestratorError):
    """A record, its signature, its place in the chain or what it claims does not verify."""


class VerificationError(OrchestratorError):
    """The contents of a clone could not be read, or not by anything we have: nothing is known of them."""


class VerificationStopped(OrchestratorError):
    """A verification was stopped from outside before its end."""
