"""The one way to wait for VSS: ask IVssAsync for the outcome again and again.

`Wait` is not used. It says that waiting ended, not how; on old systems it came back at once; and a VSS
provider in our apartment gets on only while the thread comes back (QEMU's agent polls for that reason, too).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrator.hosts.vss.clock import monotonic_s
from orchestrator.hosts.vss.com.errors import ComError
from orchestrator.hosts.vss.com.pointer import ComPointer
from orchestrator.hosts.vss.requestor.failures import VssFailure, at, failure
from orchestrator.model.hosts import VSS_S_ASYNC_FINISHED

VSS_S_ASYNC_PENDING: Final = 0x00042309
VSS_S_ASYNC_CANCELLED: Final = 0x0004230B
POLL_S: Final = 0.010
# How long what was cancelled may take to stop; VSS itself gives writers at most 60 s, Exchange 20.
CANCEL_GRACE_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Pacing:
    """The clock of a COM thread, in seconds, and its way to pause."""

    now: Callable[[], float] = monotonic_s
    pause: Callable[[float], None] = time.sleep


def finish(
    operation: ComPointer, step: str, *, until_s: float, pacing: Pacing, stopped: Callable[[], bool]
) -> None:
    """Wait until an operation has finished well, and let go of it.

    When its time is over or it is not wanted any more, it is cancelled; success is no success then.

    Args:
        operation: IVssAsync; released on every way out.
        step: the call that started it.
        until_s: deadline, on the pacing's clock.
        pacing: the thread's clock.
        stopped: whether somebody has given the set up.

    Raises:
        VssFailure: it failed, was cancelled, or came to no end in time (`host.vss-late`).
    """
    with operation, at(step):
        while (status := operation.call("QueryStatus")) == VSS_S_ASYNC_PENDING:
            late = pacing.now() >= until_s
            if late or stopped():
                _cancel(operation, pacing)
                if not late:
                    raise failure(step, VSS_S_ASYNC_CANCELLED)
                raise VssFailure("host.vss-late", f"{step} did not end in its time; it was cancelled", step)
            pacing.pause(POLL_S)
    if status != VSS_S_ASYNC_FINISHED:
        raise failure(step, status)


def _cancel(operation: ComPointer, pacing: Pacing) -> None:
    """Cancel, and see it end if it does: AbortBackup is for a set that stands still."""
    try:
        operation.call("Cancel")
        until_s = pacing.now() + CANCEL_GRACE_S
        while operation.call("QueryStatus") == VSS_S_ASYNC_PENDING and pacing.now() < until_s:
            pacing.pause(POLL_S)
    except ComError:
        return  # it cannot even be cancelled; AbortBackup comes next
