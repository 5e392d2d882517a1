"""Status codes that a writer reports, or VSS on its behalf. Names and numbers: vsserror.h."""

from __future__ import annotations

from typing import Final

from orchestrator.errors.retry_class import RetryClass
from orchestrator.errors.status_codes.status_code import StatusCode

ENTRIES: Final[dict[int, StatusCode]] = {
    0x80042315: StatusCode(
        "VSS_E_UNEXPECTED_WRITER_ERROR",
        "VSS could not pass events to the writers.",
        "Check that the services COM+ Event System and Volume Shadow Copy are well, then run again.",
        RetryClass.SOON,
    ),
    0x80042318: StatusCode(
        "VSS_E_WRITER_INFRASTRUCTURE",
        "What carries events between VSS and the writers does not work. Writers may be missing in the list.",
        "On the host: `vssadmin list writers`. Check the services COM+ Event System and Volume Shadow Copy, "
        "and that Administrators have local and remote access in dcomcnfg's COM security; then run again.",
        RetryClass.SOON,
    ),
    0x80042319: StatusCode(
        "VSS_E_WRITER_NOT_RESPONDING",
        "A writer hangs, or its service has ended.",
        "Restart the service that owns the writer, in a quiet moment, then run again.",
        RetryClass.NEVER,
    ),
    0x8004231A: StatusCode(
        "VSS_E_WRITER_ALREADY_SUBSCRIBED",
        "A writer announced itself twice.",
        "Restart the service that owns the writer if it stays.",
        RetryClass.NOT_AN_ERROR,
    ),
    0x80042336: StatusCode(
        "VSS_E_WRITERERROR_PARTIAL_FAILURE",
        "Some components of the writer failed. Quiesce counts the whole set as failed.",
        "The run's record names the components. Mend what the writer says of each, then run again.",
        RetryClass.NEVER,
    ),
    0x800423F0: StatusCode(
        "VSS_E_WRITERERROR_INCONSISTENTSNAPSHOT",
        "The set lacks a host volume that the writer needs: a database without its logs, or a mount point.",
        "Add every host volume that the component's files lie on, and make a new set.",
        RetryClass.NEVER,
    ),
    0x800423F1: StatusCode(
        "VSS_E_WRITERERROR_OUTOFRESOURCES",
        "The writer ran out of memory or of another resource.",
        "Look at the host's memory and handles; wait 10 minutes; restart the writer's service if it stays.",
        RetryClass.LATER,
    ),
    0x800423F2: StatusCode(
        "VSS_E_WRITERERROR_TIMEOUT",
        "More time passed between freeze and thaw than the writer allows (20 s for Exchange).",
        "Select fewer databases, run at a quieter hour, check storage latency and scanners, move other jobs. "
        "The limit is the writer's own and cannot be raised.",
        RetryClass.LATER,
    ),
    0x800423F3: StatusCode(
        "VSS_E_WRITERERROR_RETRYABLE",
        "The writer met a passing trouble, often left behind by a job that was aborted.",
        "Start a new run. If it fails again, restart the service that owns the writer: MSExchangeIS (2007, "
        "2010) or MSExchangeRepl (passive copies, and 2013 or later).",
        RetryClass.SOON,
    ),
    0x800423F4: StatusCode(
        "VSS_E_WRITERERROR_NONRETRYABLE",
        "The writer met a trouble that another attempt will not cure: a database that is dismounted, a kind "
        "of backup that its settings forbid, metadata that changed.",
        "Read the writer's entries in the host's Application log, correct what they name, then run again.",
        RetryClass.NEVER,
    ),
    0x800423F5: StatusCode(
        "VSS_E_WRITERERROR_RECOVERY_FAILED",
        "The writer could not recover its data on the shadow copy.",
        "Read the writer's entries in the host's Application log.",
        RetryClass.NEVER,
    ),
    0x80042409: StatusCode(
        "VSS_E_WRITER_STATUS_NOT_AVAILABLE",
        "The writer remembers no state for this session: other programs have used up its sessions without "
        "asking for its state at their end.",
        "Wait 10 minutes. If it stays, restart the service that owns the writer.",
        RetryClass.LATER,
    ),
}
