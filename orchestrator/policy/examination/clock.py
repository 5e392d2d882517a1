"""The host's clocks: how far from ours, how surely known, and whether something sets them meanwhile."""

from __future__ import annotations

from typing import Final

from orchestrator.model.budgets import DEFAULT_BUDGETS
from orchestrator.model.hosts import CheckStatus, HostCheck
from orchestrator.model.time import ClockOffset, Reading

# Kerberos takes clocks that are five minutes apart (Windows' policy "Maximum tolerance for computer clock
# synchronization"); beyond that the host has other troubles as well, and its log is hard to read beside ours.
OFFSET_S: Final = 300.0
# A cut can only be compared with the frozen interval, seconds long, if both are known much better than that.
ERROR_S: Final = 1.0

SYNCHRONISE: Final = (
    "Synchronise the host with a time server (`w32tm /query /status`, `chronyc tracking`), and let the "
    "hypervisor not set the guest's clock besides."
)


def clock_check(offset: ClockOffset, first: Reading, last: Reading) -> HostCheck:
    """Judge a host's clock.

    Args:
        offset: of its wall clock against ours.
        first: its clocks at the begin of the examination.
        last: at the end.
    """
    apart_s = first.disagreement_s(last)
    told = f"{offset.offset_s:+.3f} s against ours, give or take {offset.error_s:.3f} s"
    if apart_s > DEFAULT_BUDGETS.clock_disagreement_s:
        found = f"Wall and monotonic clock went {apart_s:.3f} s apart meanwhile: somebody sets the clock."
        return HostCheck("clock", CheckStatus.BAD, found, SYNCHRONISE)
    if abs(offset.offset_s) > OFFSET_S:
        return HostCheck("clock", CheckStatus.WARNING, f"{told}: far off.", SYNCHRONISE)
    if offset.error_s > ERROR_S:
        remedy = "Find out why the host answers so slowly: load, network, a sleeping disk."
        return HostCheck("clock", CheckStatus.WARNING, f"{told}: not known well enough.", remedy)
    return HostCheck("clock", CheckStatus.GOOD, f"{told}.")
