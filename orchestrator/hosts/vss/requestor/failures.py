"""What every failure of a VSS call becomes: one error with a code, the step, and the HRESULT in its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrator.errors import HostError
from orchestrator.errors.hresults import HRESULTS, RetryClass, retry_of
from orchestrator.hosts.vss.com.errors import ComError

E_ACCESSDENIED: Final = 0x80070005
VSS_E_SNAPSHOT_SET_IN_PROGRESS: Final = 0x80042316
VSS_E_UNSUPPORTED_CONTEXT: Final = 0x8004231B
VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT: Final = 0x800423F0
VSS_E_WRITERERROR_TIMEOUT: Final = 0x800423F2
VSS_E_HOLD_WRITES_TIMEOUT: Final = 0x80042314
# Writers failed, or could not be reached; everything else is VSS, a VSS provider, or us.
_WRITERS: Final = frozenset({0x80042315, 0x80042318, 0x80042319, 0x80042336, *range(0x800423F0, 0x800423F6)})
_CODES: Final = {E_ACCESSDENIED: "host.vss-denied", VSS_E_SNAPSHOT_SET_IN_PROGRESS: "host.busy"}


class VssFailure(HostError):
    """A step of a set failed.

    Attributes:
        step: which one, by the name of the call that starts it.
        hresult: what it answered; 0 where it answered too late.
        retry: what another try may be worth.
    """

    def __init__(self, code: str, what: str, step: str, hresult: int = 0, *, subject: str = "") -> None:
        known = HRESULTS.get(hresult)
        super().__init__(code, what, subject=subject, remedy=known.remedy if known else None)
        self.step = step
        self.hresult = hresult
        self.retry = retry_of(hresult) if hresult else RetryClass.SOON


def failure(step: str, hresult: int, *, call: str = "", subject: str = "") -> VssFailure:
    """Return the error for a step that answered with a status which is no success."""
    code = _CODES.get(hresult) or ("host.writer-failed" if hresult in _WRITERS else "host.vss-failed")
    through = f" through {call}" if call and not call.endswith(f".{step}") else ""
    return VssFailure(code, f"{step} failed{through} with {named(hresult)}", step, hresult, subject=subject)


def named(hresult: int) -> str:
    """Return a status code with its name, where we know one."""
    known = HRESULTS.get(hresult)
    return f"{hresult:#010x} ({known.name})" if known else f"{hresult:#010x}"


@contextmanager
def at(step: str, subject: str = "") -> Iterator[None]:
    """Name the step in which a COM call fails.

    Raises:
        VssFailure: in place of every `ComError`.
    """
    try:
        yield
    except ComError as error:
        raise failure(step, error.hresult, call=error.call, subject=subject) from error
