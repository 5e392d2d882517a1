"""A set without writers, held by a watchdog: all that its coordinators have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from orchestrator.hosts.watchdog import takeover
from orchestrator.hosts.watchdog.client import Watchdog
from orchestrator.hosts.watchdog.hold import HoldSpec
from orchestrator.hosts.watchdog.lease import LeaseClaim
from orchestrator.hosts.watchdog.threads import finished
from orchestrator.model.hosts import CompletionReport, FreezeReport, ReleaseReport, WriterReport
from orchestrator.plugin import HostSet, SetPlan


class HeldSet(HostSet):
    """A set on a host whose file systems a watchdog holds. Made by `open_held_set`.

    Attributes:
        watchdog: whoever made the set may `ask` the hold through it.
    """

    def __init__(self, watchdog: Watchdog, session_id: str, hold_s: float) -> None:
        self.session_id = session_id
        self.watchdog = watchdog
        self._hold_s = hold_s

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze every file system of the set."""
        return await self.watchdog.freeze(dead_man_s, self._hold_s)

    async def thaw(self) -> ReleaseReport:
        """Thaw them, by the watchdog or in its place."""
        return await self.watchdog.thaw()

    async def writer_status(self) -> Sequence[WriterReport]:
        """Return nothing: no writer takes part."""
        return ()

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """End the session; there is no writer to tell."""
        await self.watchdog.end()
        return CompletionReport()

    async def abort(self) -> None:
        """Thaw if need be and end the session."""
        await self.watchdog.end()


async def open_held_set(plan: SetPlan, spec: HoldSpec, folder: Path, subject: str) -> HeldSet:
    """Start a watchdog for a plan, claim the subject (see `LeaseClaim`) and prepare the hold.

    Raises:
        HostError: nothing is left running, and nothing was frozen.
    """
    session_id = str(uuid4())
    claim = LeaseClaim(folder, subject, plan.set_id, plan.fence, session_id)
    watchdog = await Watchdog.start(spec, claim)
    try:
        await watchdog.prepare()
    except BaseException:
        await watchdog.end()
        raise
    return HeldSet(watchdog, session_id, plan.budgets.hold_s)


async def recover_held_set(folder: Path, set_id: str, fence: int) -> None:
    """Thaw and end a set that a dead process left behind, by its lease. No lease: nothing is frozen.

    Raises:
        HostError: `host.still-frozen`; `host.rejected`, the token is another one than the set's.
    """
    await finished(lambda: takeover.recover(folder, set_id, fence))
