"""The status codes that VSS and its writers report: name, cause, remedy, and whether to try again.

The entries stand in `status_codes/`. Numbers and names come from vsserror.h and winerror.h.
"""

from __future__ import annotations

import re
from typing import Final

from orchestrator.errors.retry_class import RetryClass
from orchestrator.errors.status_codes import after_the_set, com, creation, system_recovery, writers
from orchestrator.errors.status_codes.status_code import StatusCode

__all__ = ["HRESULTS", "RetryClass", "StatusCode", "hresult_of", "retry_of"]

HRESULTS: Final[dict[int, StatusCode]] = dict(
    sorted(
        {
            **creation.ENTRIES,
            **writers.ENTRIES,
            **after_the_set.ENTRIES,
            **system_recovery.ENTRIES,
            **com.ENTRIES,
        }.items()
    )
)


def retry_of(hresult: int) -> RetryClass:
    """Return whether to try again after a status code, signed or not. An unknown one allows nothing."""
    known = HRESULTS.get(hresult & 0xFFFFFFFF)
    return RetryClass.NEVER if known is None else known.retry_class


def hresult_of(text: str) -> int | None:
    """Read a status code as tools print it: 0x80042314, or as a decimal number with or without a sign."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    if re.fullmatch(r"-?[0-9]{1,10}", text):
        return int(text) & 0xFFFFFFFF
    return None
