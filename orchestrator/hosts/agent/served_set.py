"""One set that an agent serves, from opened to ended, and the two leases on it.

The *window* ends by the dead man's time that came with the freeze, the *session* when its time since the
thaw has passed. Neither ends because a connection was lost: whoever holds the fencing token may come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from typing import Any, Final

from orchestrator.errors import HostError
from orchestrator.hosts.agent.ops import SetKey
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S
from orchestrator.model.hosts import CompletionReport, FreezeReport, HoldEnd, ReleaseReport, WriterReport
from orchestrator.plugin import HostSet, SetPlan

# The backend has a dead man of its own, armed before it freezes. Ours comes after it, for a backend whose own
# failed; were it earlier, it would end holds that the backend ends in good time and with a better report.
BEHIND_DEAD_MAN_S: Final = 1.0
# How long a set that nobody freezes is kept beyond its time to prepare, and how long writers may take to
# hear how the backup ended before the session is given up.
UNUSED_S: Final = 60.0
TELL_S: Final = 600.0


class Phase(Enum):
    """How far a set has come."""

    PREPARED = auto()
    WINDOW = auto()  # something may be frozen
    SESSION = auto()  # thawed; the writers wait to be told
    ENDED = auto()


class ServedSet:
    """A set of the backend.

    Args:
        plan: of the set.
        host_set: the backend's.
        changed: called after every change of phase.
    """

    def __init__(self, plan: SetPlan, host_set: HostSet, changed: Callable[[], None]) -> None:
        self.key = SetKey(plan.set_id, plan.fence)
        self.phase = Phase.PREPARED
        self._session_s = plan.session_s
        self._host_set = host_set
        self._changed = changed
        self._release: ReleaseReport | None = None
        self._telling: tuple[bool, asyncio.Task[CompletionReport]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._late: set[asyncio.Task[None]] = set()
        self._wake(plan.budgets.prepare_s + UNUSED_S, self._end)

    @property
    def session_id(self) -> str:
        """The backend's."""
        return self._host_set.session_id

    def begin_window(self, dead_man_s: float) -> Awaitable[FreezeReport]:
        """Begin to freeze, once, and return what to wait for. Whatever comes of it, a thaw follows.

        By request, or when the dead man's time is up.

        Raises:
            HostError: `host.rejected`; nothing was begun.
        """
        if not 0 < dead_man_s <= EXCHANGE_FREEZE_LIMIT_S:
            what = f"a dead man's time is more than 0 and at most {EXCHANGE_FREEZE_LIMIT_S:g} s"
            raise self._rejected(what)
        if self.phase is not Phase.PREPARED:
            raise self._rejected("it was frozen, thawed or given up before")
        self._enter(Phase.WINDOW)
        self._wake(dead_man_s + BEHIND_DEAD_MAN_S, self._thaw_for_dead_man)
        return self._host_set.freeze(dead_man_s)

    async def thaw(self) -> ReleaseReport:
        """Thaw, and say how the hold ended. Asked again, it says the same; no freeze works afterwards."""
        if self._release is None:
            if self.phase is Phase.PREPARED:
                self._enter(Phase.WINDOW)
            self._thawed(await self._host_set.thaw())
        assert self._release is not None  # noqa: S101 - the line above has set it
        return self._release

    async def writer_status(self) -> Sequence[WriterReport]:
        """Gather the writers' states in the backend's session."""
        if self.phase is Phase.ENDED:
            raise self._session_lost()
        return await self._host_set.writer_status()

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """Tell the writers, once; asked again, answer as before.

        Raises:
            HostError: `host.session-lost`; `host.rejected`, it is not thawed, or was told another outcome.
        """
        if self._telling is None or _failed(self._telling[1]):
            if self.phase is Phase.ENDED:
                raise self._session_lost()
            if self.phase is not Phase.SESSION:
                raise self._rejected("the writers are told after the thaw")
            self._telling = succeeded, asyncio.create_task(self._tell(succeeded=succeeded))
        told, telling = self._telling
        if told != succeeded:
            raise self._rejected("the writers were told the other outcome")
        return await asyncio.shield(telling)  # whoever asks may go; the writers are told all the same

    async def abort(self) -> None:
        """Thaw if need be, give the set up, end the session. Again, or after the end: nothing happens."""
        if self.phase is Phase.ENDED:
            return
        await self._host_set.abort()
        self._enter(Phase.ENDED)
        self._forget_timer()

    def resume(self) -> str:
        """Return the session that a holder of the token takes up again; told ones answer as they did."""
        if self.phase is Phase.ENDED and (self._telling is None or _failed(self._telling[1])):
            raise self._session_lost()
        return self.session_id

    async def _tell(self, *, succeeded: bool) -> CompletionReport:
        self._wake(TELL_S, self._end)
        report = await self._host_set.complete(succeeded=succeeded)
        self._enter(Phase.ENDED)
        self._forget_timer()
        return report

    async def _thaw_for_dead_man(self) -> None:
        self._wake(BEHIND_DEAD_MAN_S, self._thaw_for_dead_man)  # until it works
        report = await self._host_set.thaw()
        if report.hold_ended_by is HoldEnd.RELEASE:  # nobody asked for one: this was the dead man, late
            report = replace(report, hold_ended_by=HoldEnd.DEAD_MAN)
        self._thawed(report)

    def _thawed(self, report: ReleaseReport) -> None:
        if self._release is not None:
            return
        self._release = report
        if self.phase is Phase.WINDOW:
            self._enter(Phase.SESSION)
            self._wake(self._session_s, self._end)

    async def _end(self) -> None:
        """Abort because the time is up; again after a while, if that fails: writers wait."""
        self._wake(UNUSED_S, self._end)
        await self.abort()

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._changed()

    def _wake(self, after_s: float, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._forget_timer()
        self._timer = asyncio.get_running_loop().call_later(after_s, self._begin, work)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def late() -> None:
            with suppress(Exception):  # a backend may raise anything; the timer is set again
                await work()

        task = asyncio.get_running_loop().create_task(late())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _rejected(self, what: str) -> HostError:
        return HostError("host.rejected", what, subject=self.key.set_id)

    def _session_lost(self) -> HostError:
        return HostError("host.session-lost", "its session has ended", subject=self.key.set_id)


def _failed(task: asyncio.Task[CompletionReport]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
