"""Doing a watchdog's last work in its place, when it is dead or answers no more. Blocking."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from orchestrator.errors import CATALOGUE, HostError
from orchestrator.hosts.watchdog.hold import Hold, HoldFailed
from orchestrator.hosts.watchdog.lease import Lease, find_lease
from orchestrator.hosts.watchdog.loading import make_hold

# A killed process whose thread is inside a freeze ends when that does, having frozen after all.
DEATH_S: Final = 4.0
PROOF_S: Final = 1.0
PAUSE_S: Final = 0.02


def take_over(lease: Lease) -> int | None:
    """Kill the watchdog, then thaw what it held, and prove it.

    A watchdog that lived on could freeze after our thaw: a request of the dead may still wait for it.

    Returns:
        How many file systems were still frozen; None if that count was lost.

    Raises:
        HostError: `host.still-frozen`, or what kept the hold from being reached. The lease stays: take over
            again.
    """
    if not lease.watchdog.kill(DEATH_S):
        what = (
            f"its watchdog, process {lease.watchdog.pid}, was killed but has not ended within {DEATH_S:g} s"
        )
        raise HostError("host.still-frozen", what, subject=lease.claim.subject)
    try:
        hold = make_hold(lease.spec)
        try:
            return _thawed(hold)
        finally:
            hold.close()
    except HoldFailed as failure:
        raise host_error(failure) from None


def recover(folder: Path, set_id: str, fence: int) -> None:
    """Thaw and forget a set that a dead process left behind. One without a lease has nothing frozen.

    Raises:
        HostError: `host.still-frozen`; or `host.rejected`, the token is another one than the set's.
    """
    lease = find_lease(folder, set_id)
    if lease is None:
        return
    if lease.claim.fence != fence:
        raise HostError("host.rejected", "this is not the set's fencing token", subject=set_id)
    if not lease.forgotten:
        take_over(lease)
    lease.remove()


def host_error(failure: HoldFailed) -> HostError:
    """Return what a hold reported as an error of ours; codes that nobody explains become a general one."""
    code = failure.code if failure.code in CATALOGUE else "host.rejected"
    return HostError(code, failure.what, subject=failure.subject)


def _thawed(hold: Hold) -> int | None:
    hold.reopen()
    until = time.monotonic() + PROOF_S
    thawed = hold.thaw()
    while not hold.proven_thawed():
        if time.monotonic() >= until:
            raise HoldFailed("host.still-frozen", "something is still frozen after the thaw")
        time.sleep(PAUSE_S)
        more = hold.thaw()
        thawed = None if thawed is None or more is None else thawed + more
    return thawed
