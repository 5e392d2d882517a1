"""One array's part in a window: armed before, asked once inside, and whatever came of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from orchestrator.engine.clock import Clock
from orchestrator.engine.parts import ArrayPart
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.model.arrays import ArmedCut, CutAnswer, CutMember
from orchestrator.model.time import Reading
from orchestrator.plugin import CutToken


@dataclass(slots=True)
class PendingCut:
    """A cut that may have been asked for, and what is known of it.

    Attributes:
        acknowledged_at: when the array's own answer came, even if that was after the release.
        task: under way, or ended; None while nothing has been asked for.
        listed: the members, as the array lists them after the thaw.
        arming_lost: a request of the preparation got no answer and may still be executed.
    """

    array: ArrayPart
    armed: ArmedCut
    asked_at: Reading | None = None
    acknowledged_at: Reading | None = None
    answer: CutAnswer | None = None
    task: asyncio.Task[None] | None = None
    listed: tuple[CutMember, ...] = ()
    arming_lost: bool = False

    def ask(self, token: CutToken, clock: Clock) -> asyncio.Task[None]:
        """Ask for the cut: the one request of this array inside the window."""
        self.asked_at = clock.reading()
        self.task = asyncio.create_task(self._commit(token, clock))
        self.task.add_done_callback(_note_failure)
        return self.task

    async def _commit(self, token: CutToken, clock: Clock) -> None:
        answer = await self.array.provider.commit(self.armed, token)
        self.acknowledged_at = clock.reading()
        self.answer = answer
        CrashPoint.CUT_ACKNOWLEDGED.passed()

    @property
    def error(self) -> BaseException | None:
        """Why the request failed; None if it has not, or not yet."""
        if self.task is None or not self.task.done() or self.task.cancelled():
            return None
        return self.task.exception()


def _note_failure(task: asyncio.Task[None]) -> None:
    """Tell asyncio that somebody knows: a run that ends in doubt may never ask, and it would complain."""
    if not task.cancelled():
        task.exception()
