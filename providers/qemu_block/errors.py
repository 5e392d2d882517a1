"""What the daemon's refusals mean. It has few classes of errors; callers match its words."""

from __future__ import annotations

import re
from typing import Final

from qemu.qmp import ExecuteError

from orchestrator.errors import ArrayError, ArrayRejected

# QEMU 7.2: block.c, blockdev.c, and strerror(ENOSPC).
_GONE: Final = ("cannot find device=", "failed to find node", "is not found", "job not found")
_IN_USE: Final = ("is in use", "still in use", "is busy")
_FULL: Final = ("no space left on device",)
_ABOVE: Final = re.compile(r"node is used as backing hd of '([^']*)'")
_OVERLAY_TAKEN: Final = ("overlay is already in use", "overlay already has a backing image")


class Gone(ArrayRejected):
    """What the request names does not exist."""


class InUse(ArrayRejected):
    """Another node, an export or a job needs what the request names."""


def refusal(error: ExecuteError, *, subject: str) -> ArrayRejected:
    """Return the error that a refusal is."""
    return refusal_in_words(str(error), subject=subject, vendor_code=error.error_class)


def refusal_in_words(words: str, *, subject: str, vendor_code: str = "") -> ArrayRejected:
    """Return the error that the daemon's words stand for: of a command, or of a job that failed."""
    if _speaks_of(words, _GONE):
        return Gone(words, subject=subject, vendor_code=vendor_code)
    if _speaks_of(words, _IN_USE):
        return InUse(words, subject=subject, code="array.in-use", vendor_code=vendor_code)
    code = "array.full" if _speaks_of(words, _FULL) else "array.rejected"
    return ArrayRejected(words, subject=subject, code=code, vendor_code=vendor_code)


def refused_cut(error: ArrayRejected, stem: str) -> ArrayRejected:
    """Return what it means that a cut was refused: made already, or the layers were changed since arming."""
    above = _ABOVE.search(error.what)
    if _speaks_of(error.what, _OVERLAY_TAKEN) or (above and above[1].startswith(f"{stem}.")):
        code = "array.name-taken"
    elif above or isinstance(error, Gone):
        code = "array.members-changed"
    else:
        return error
    return ArrayRejected(error.what, subject=error.subject, code=code, vendor_code=error.vendor_code)


def unreachable(what: str, subject: str) -> ArrayError:
    """Return the error for a daemon that does not answer."""
    return ArrayError("array.unreachable", what, subject=subject)


def bad_answer(what: str, subject: str) -> ArrayError:
    """Return the error for an answer that is not of the documented form."""
    return ArrayError("array.bad-answer", what, subject=subject)


def _speaks_of(words: str, phrases: tuple[str, ...]) -> bool:
    return any(phrase in words.lower() for phrase in phrases)
