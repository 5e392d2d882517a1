"""What the kernel's refusals mean to a store."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrator.errors import ArrayRejected

FULL: Final = "array.full"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
_MEANINGS: Final = {
    errno.EACCES: "array.not-permitted",
    errno.EPERM: "array.not-permitted",
    errno.EROFS: "array.not-permitted",
    errno.EEXIST: "array.name-taken",
}

# FICLONE where blocks cannot be shared: by this file system, across two of them, or by these very files.
CANNOT_SHARE: Final = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ETXTBSY)


def refusal(error: OSError, doing: str, *, subject: str, code: str | None = None) -> ArrayRejected:
    """Return the error that a refusal of the kernel is.

    Args:
        error: what the kernel said.
        doing: what was tried, to follow "cannot".
        subject: the array, as its user names it.
        code: for a refusal that has only one meaning here, but for a lack of room.
    """
    number = error.errno or 0
    return ArrayRejected(
        f"cannot {doing}: {os.strerror(number).lower()}",
        subject=subject,
        code=FULL if number in _NO_ROOM else code or _MEANINGS.get(number, "array.rejected"),
        vendor_code=errno.errorcode.get(number, str(number)),
    )


@contextmanager
def refusals(doing: str, *, subject: str, code: str | None = None) -> Iterator[None]:
    """Raise what the kernel refuses inside the block as one of ours."""
    try:
        yield
    except OSError as error:
        raise refusal(error, doing, subject=subject, code=code) from error
