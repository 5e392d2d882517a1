"""General status codes of COM that calls of VSS return. Names and numbers: winerror.h."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.retry_class import RetryClass
from orchestrator.errors.status_codes.status_code import StatusCode

ENTRIES: Final[dict[int, StatusCode]] = {
    0x80004001: StatusCode(
        "E_NOTIMPL",
        "This Windows, or this VSS provider, does not have the function. Wine has none of VSS.",
        "See whether the host's version is among the supported hosts.",
        RetryClass.NEVER,
    ),
    0x8000FFFF: StatusCode(
        "E_UNEXPECTED",
        "VSS failed for a reason that it has no code for (before Windows Server 2008 R2).",
        "Read the entries of VSS in the host's Application log, then run again.",
        RetryClass.SOON,
    ),
    0x80070005: StatusCode(
        "E_ACCESSDENIED",
        "The caller is neither administrator nor backup operator, or COM's security keeps writers from "
        "calling it back (event 8194).",
        "Run the host agent as LocalSystem or as administrator. For another account, a value 2 or 3 under "
        r"HKLM\SYSTEM\CurrentControlSet\Services\VSS\VssAccessControl named DOMAIN\user lets it ask.",
        RetryClass.NEVER,
    ),
    0x8007000E: StatusCode(
        "E_OUTOFMEMORY",
        "The host ran out of memory.",
        "Free memory on the host, then run again.",
        RetryClass.NEVER,
    ),
    0x80070057: StatusCode(
        "E_INVALIDARG",
        "A call carried a value that VSS does not take: a fault of Quiesce, or of the VSS provider.",
        "Report the fault with the run's record.",
        RetryClass.NEVER,
    ),
}
