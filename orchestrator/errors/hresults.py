"""The VSS status codes that Quiesce meets, in words. Numbers and names: vss.h, vsserror.h, vswriter.h."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class HResult(NamedTuple):
    """A status code's name, why it appears, and what to do next."""

    name: str
    cause: str
    remedy: str


HRESULTS: Final[dict[int, HResult]] = {
    0x0004230A: HResult(
        "VSS_S_ASYNC_FINISHED",
        "The set is finished: the one final status that means success.",
        "Nothing to do.",
    ),
    0x80042314: HResult(
        "VSS_E_HOLD_WRITES_TIMEOUT",
        "The copies were not cut within the 10 s for which VSS holds writes.",
        "Find the slow array with `quiesce array test NAME`, select fewer databases, wait 10 minutes, and "
        "run again, three times at most.",
    ),
    0x80042316: HResult(
        "VSS_E_SNAPSHOT_SET_IN_PROGRESS",
        "Another program is making a shadow copy set on this host; only one can be in creation.",
        "Wait for the other backup to end, then run again. Stagger the schedules.",
    ),
    0x800423F0: HResult(
        "VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT",
        "The set lacks a host volume that the writer needs: a database without its logs, or a mount point.",
        "Add every host volume that the component's files lie on, and make a new set.",
    ),
    0x800423F2: HResult(
        "VSS_E_WRITERERROR_TIMEOUT",
        "More time passed between freeze and thaw than the writer allows (20 s for Exchange).",
        "Select fewer databases, run at a quieter hour, check storage latency and scanners, move other jobs. "
        "The limit is the writer's own and cannot be raised.",
    ),
    0x800423F3: HResult(
        "VSS_E_WRITERERROR_RETRYABLE",
        "The writer met a passing trouble, often left behind by a job that was aborted.",
        "Start a new run. If it fails again, restart the service that owns the writer: MSExchangeIS (2007, "
        "2010) or MSExchangeRepl (passive copies, and 2013 or later).",
    ),
    0x800423F4: HResult(
        "VSS_E_WRITERERROR_NONRETRYABLE",
        "The writer met a trouble that another attempt will not cure: a database that is dismounted, a kind "
        "of backup that its settings forbid, metadata that changed.",
        "Read the writer's entries in the host's Application log, correct what they name, then run again.",
    ),
}


def hresult_of(text: str) -> int | None:
    """Read a status code as tools print it: 0x80042314, or as a decimal number with or without a sign."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    if re.fullmatch(r"-?[0-9]{1,10}", text):
        return int(text) & 0xFFFFFFFF
    return None
