"""A set on a guest: what the watchdog reports, and what the guest itself tells afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.qemu_guest_agent import windows
from orchestrator.hosts.qemu_guest_agent.questions import GuestTime, Questions
from orchestrator.hosts.watchdog.held_set import HeldSet
from orchestrator.model.hosts import CompletionReport, FreezeReport, HoldEnd, ReleaseReport, WriterReport
from orchestrator.plugin import HostSet

TIME_LIMIT_S: Final = 1.0  # the report of the thaw waits for it


class GuestSet(HostSet):
    """A set on a guest.

    A machine that was paused between freeze and thaw stops with everything in it, its clock included: the
    counts are right, the watchdog's times are, and yet the guest's applications saw none of the window.
    Comparing the guest's clock with ours over the window is what shows it.
    """

    def __init__(
        self,
        held: HeldSet,
        questions: Questions,
        most_apart_s: float,
        *,
        ended: Callable[[], Awaitable[None]],
        windows: bool,
    ) -> None:
        self.session_id = held.session_id
        self.held = held
        self._questions = questions
        self._most_apart_s = most_apart_s
        self._ended = ended
        self._windows = windows
        self._time_after: GuestTime | None = None

    async def freeze(self, dead_man_s: float) -> FreezeReport:
        """Freeze every file system of the set."""
        return await self.held.freeze(dead_man_s)

    async def thaw(self) -> ReleaseReport:
        """Thaw them, and read the guest's clock at once."""
        report = await self.held.thaw()
        if report.hold_ended_by is HoldEnd.RELEASE and self._time_after is None:
            with suppress(HostError, TimeoutError):
                async with asyncio.timeout(TIME_LIMIT_S):
                    self._time_after = await self._questions.guest_time()
        return report

    async def writer_status(self) -> Sequence[WriterReport]:
        """Return nothing: the agent tells of no writer. But whatever the guest tells against the set counts.

        Raises:
            HostError: `host.guest-paused`; `host.writer-failed`; or the guest cannot be asked.
        """
        before = await self._questions.time_before()
        after = self._time_after or await self._questions.guest_time()
        apart_s = before.apart_s(after)
        if not apart_s <= self._most_apart_s:
            text = (
                f"from before the freeze until after the thaw its clock and ours went {apart_s:.3f} s apart; "
                f"{self._most_apart_s:g} s are allowed"
            )
            raise HostError("host.guest-paused", text, subject=self._questions.subject)
        if self._windows:
            await windows.demand_stable_writers(self._questions)
        return ()

    async def complete(self, *, succeeded: bool) -> CompletionReport:
        """End the session; the agent told its writers itself, at the thaw."""
        report = await self.held.complete(succeeded=succeeded)
        await self._ended()
        return report

    async def abort(self) -> None:
        """Thaw if need be and end the session."""
        await self.held.abort()
        await self._ended()
