"""What the array's refusals mean.

FlashArray has no error numbers: callers match words. The words are those that OpenStack Cinder's driver
(`cinder/volume/drivers/pure.py`) and public reports of users rely on.
"""

from __future__ import annotations

from typing import Final

from orchestrator.errors import ArrayBusy, ArrayError, ArrayRejected
from providers.shared.rest import Answer


class AlreadyThere(ArrayRejected):
    """A name is taken, or a member is in the group already."""


class Gone(ArrayRejected):
    """What the request names does not exist."""


class Destroyed(ArrayRejected):
    """What the request names is destroyed and awaits eradication. Its name stays taken."""


ALREADY_THERE: Final = ("already exists", "already belongs to", "already includes")
GONE: Final = ("does not exist", "no such volume or snapshot", "could not be found")
DESTROYED: Final = ("has been destroyed",)
IN_USE: Final = ("due to existing connections",)
FULL: Final = ("limit reached", "out of space", "no space", "insufficient space")
BUSY: Final = ("server is busy",)  # in an HTTP 500, which then means what 503 means


def words_of(answer: Answer) -> str:
    """Return the array's words: `errors` of the array itself, `message` of the gateway before it."""
    body = answer.body if isinstance(answer.body, dict) else {}
    errors = body.get("errors")
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else [body]
    return "; ".join(_said(entry) for entry in entries if entry.get("message"))


def refusal(answer: Answer, *, subject: str) -> ArrayError:
    """Return the error that a refusal is."""
    words = words_of(answer) or f"HTTP {answer.status} without a reason"
    if _speaks_of(words, BUSY):
        return ArrayBusy(words, subject=subject, retry_after_s=answer.retry_after_s)
    return refusal_in_words(words, subject=subject, vendor_code=str(answer.status))


def refusal_in_words(words: str, *, subject: str, vendor_code: str = "") -> ArrayRejected:
    """Return the error that the array's words stand for."""
    if _speaks_of(words, ALREADY_THERE):
        return AlreadyThere(words, subject=subject, code="array.name-taken", vendor_code=vendor_code)
    if _speaks_of(words, GONE):
        return Gone(words, subject=subject, vendor_code=vendor_code)
    if _speaks_of(words, DESTROYED):
        return Destroyed(words, subject=subject, vendor_code=vendor_code)
    code = "array.full" if _speaks_of(words, FULL) else "array.rejected"
    code = "array.in-use" if _speaks_of(words, IN_USE) else code
    return ArrayRejected(words, subject=subject, code=code, vendor_code=vendor_code)


def _said(entry: dict[str, object]) -> str:
    context, message = entry.get("context"), str(entry["message"])
    return f"{context}: {message}" if context else message


def _speaks_of(words: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in words.lower() for phrase in phrases)
