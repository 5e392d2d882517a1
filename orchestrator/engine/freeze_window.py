"""One freeze window: freeze, cut on all arrays at once, thaw.

The machine of `orchestrator.shadowcopy` decides; this file owns the clock and makes the calls. Nothing
here is retried, written to disk or logged; the only deadline is the machine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.engine.clock import Clock
from orchestrator.engine.cut import PendingCut
from orchestrator.engine.thaw import climb_thaw_ladder, finish_even_if_cancelled
from orchestrator.engine.token import WindowToken
from orchestrator.engine.warmth import Warmth
from orchestrator.errors import OrchestratorError, WindowExpired
from orchestrator.journal.crash_points import CrashPoint
from orchestrator.model.hosts import FreezeReport, ReleaseReport
from orchestrator.model.time import Reading
from orchestrator.plugin import HostSet
from orchestrator.shadowcopy import HOLDING, Event, ShadowCopyMachine, State


@dataclass(slots=True)
class WindowRecord:
    """What was seen of a window; every field stays None until it was seen."""

    freeze_asked: Reading | None = None
    freeze: FreezeReport | None = None
    freeze_seen: Reading | None = None
    release_sent: Reading | None = None
    release: ReleaseReport | None = None
    release_seen: Reading | None = None
    error: OrchestratorError | None = None


class FreezeWindow:
    """Drives one armed set through its window. Use once.

    `run` returns the record of what was seen, also when the window failed: the reason is in
    `record.error`. A cancellation is delivered after the thaw; the record is complete then too.
    """

    def __init__(
        self, machine: ShadowCopyMachine, host_set: HostSet, cuts: Sequence[PendingCut], clock: Clock
    ) -> None:
        self.machine = machine
        self.record = WindowRecord()
        self._host_set = host_set
        self._cuts = cuts
        self._clock = clock

    async def run(self, warmth: Warmth) -> WindowRecord:
        """Freeze, cut, thaw. Connections are kept warm until the writers report frozen."""
        try:
            self.record.freeze_asked = self._clock.reading()
            self._advance(Event.FREEZE_ASKED, State.FREEZING)
            await self._freeze()
            warmth.pause()
            await self._cut()
        except TimeoutError:
            self._fail(WindowExpired("window.expired", self._who_is_late()))
        except OrchestratorError as error:
            self._fail(error)
        finally:
            if self.machine.state in HOLDING:
                self._fail_unless_committed()
                await finish_even_if_cancelled(self._thaw())
        return self.record

    async def _freeze(self) -> None:
        async with asyncio.timeout_at(self.machine.deadline):
            self.record.freeze = await self._host_set.freeze(self.machine.budgets.freeze_s)
        self.record.freeze_seen = self._clock.reading()
        self._advance(Event.WRITERS_FROZEN, State.FROZEN)
        CrashPoint.FROZEN.passed()

    async def _cut(self) -> None:
        token = WindowToken(self.machine, self._clock)
        under_way = {cut.ask(token, self._clock) for cut in self._cuts}
        CrashPoint.CUT_ASKED.passed()
        async with asyncio.timeout_at(self.machine.deadline):
            await asyncio.wait(under_way, return_when=asyncio.FIRST_EXCEPTION)
        for cut in self._cuts:
            if cut.error is not None:
                raise cut.error
        self._advance(Event.ALL_CUT, State.COMMITTED)

    async def _thaw(self) -> None:
        self.record.release_sent = self._clock.reading()
        self._handle(Event.RELEASE_SENT)
        report = await climb_thaw_ladder(self._host_set, self.machine.budgets.thaw_s, self._clock)
        CrashPoint.RELEASED.passed()
        if report is None:
            self._fail(WindowExpired("window.thaw-unconfirmed", "no answer to any request to thaw"))
            return
        self.record.release = report
        self.record.release_seen = self._clock.reading()
        if self._handle(Event.THAWED) is not State.CREATED:
            self._fail(WindowExpired("window.expired", "the thaw was confirmed too late"))

    def _handle(self, event: Event) -> State:
        return self.machine.handle(event, self._clock.now())

    def _advance(self, event: Event, expected: State) -> None:
        if self._handle(event) is not expected:
            raise TimeoutError  # the machine found that time had run out before the event came

    def _fail(self, error: OrchestratorError) -> None:
        self.record.error = self.record.error or error
        if self.machine.state in HOLDING:
            self._handle(Event.FAILED)

    def _fail_unless_committed(self) -> None:
        if self.machine.state is not State.COMMITTED:
            self._handle(Event.FAILED)

    def _who_is_late(self) -> str:
        if self.machine.freeze_deadline is None:
            return "the time to prepare was over before the freeze"
        if self.record.freeze_seen is None:
            return "the host had not reported its writers frozen in time"
        late = sorted(cut.array.name for cut in self._cuts if cut.acknowledged_at is None)
        return f"no answer in time from {', '.join(late)}" if late else "the answers came too late"
