"""Answers of an array, and what a status alone says about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Self

from orchestrator.errors import ArrayBusy, ArrayError, ArrayRejected

# Overloaded, not executed.
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# Said by something in front of the array, which cannot tell what became of the request.
_UNKNOWN: Final = (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
_REFUSED: Final = {
    HTTPStatus.UNAUTHORIZED: ("array.login-failed", "the array did not accept the secret"),
    HTTPStatus.FORBIDDEN: ("array.not-permitted", "the account lacks a right"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer.

    Attributes:
        status: as sent.
        headers: names in lower case.
        body: the JSON; None when empty or not JSON.
        well_formed: False when there was a body that is not JSON.
    """

    status: int
    headers: Mapping[str, str]
    body: object = None
    well_formed: bool = True

    @classmethod
    def parse(cls, status: int, headers: Mapping[str, str], raw: bytes) -> Self:
        """Return the answer that these bytes are."""
        lower = {name.lower(): value for name, value in headers.items()}
        try:
            return cls(status, lower, json.loads(raw) if raw.strip() else None)
        except (ValueError, RecursionError):
            return cls(status, lower, well_formed=False)

    @property
    def good(self) -> bool:
        """Whether the status says that the request was executed."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def retry_after_s(self) -> float | None:
        """The array's advice when to come back, in seconds; None when it gave none that can be read."""
        for name in ("retry-after", "ratelimit-reset"):
            value = self.headers.get(name, "")
            if value.isascii() and value.isdigit():
                return float(value)
        return _seconds_between(self.headers.get("date", ""), self.headers.get("retry-after", ""))


def general_error(answer: Answer, words: str, *, subject: str) -> ArrayError | None:
    """Return what every HTTP API means by a status; None where the vendor's own words decide.

    Args:
        answer: any but a good one.
        words: what the array said; may be empty.
        subject: the array, as its user names it.
    """
    status = answer.status
    if status in _REFUSED:
        code, meaning = _REFUSED[HTTPStatus(status)]
        what = f"{meaning}: {words}" if words else meaning
        return ArrayRejected(what, subject=subject, code=code, vendor_code=str(status))
    if status in _BUSY:
        what = f"the array is overloaded (HTTP {status})"
        return ArrayBusy(what, subject=subject, retry_after_s=answer.retry_after_s)
    if status in _UNKNOWN:
        return unreachable(f"no answer from behind the gateway (HTTP {status})", subject)
    if status < HTTPStatus.BAD_REQUEST:
        return bad_answer(f"HTTP status {status} has no place in this API", subject)
    return None


def bad_answer(what: str, subject: str) -> ArrayError:
    """Return the error for an answer that does not have the documented form."""
    return ArrayError("array.bad-answer", what, subject=subject)


def unreachable(what: str, subject: str) -> ArrayError:
    """Return the error for an array that was not reached, or that did not answer a harmless request."""
    return ArrayError("array.unreachable", what, subject=subject)


def _seconds_between(earlier: str, later: str) -> float | None:
    """Return the seconds between two HTTP dates, which are both on the array's own clock."""
    try:
        start, end = parsedate_to_datetime(earlier), parsedate_to_datetime(later)
    except ValueError:
        return None
    return max(0.0, end.timestamp() - start.timestamp())
