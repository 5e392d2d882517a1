"""What can go wrong on the emulated host while a set is held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrator.hosts.emulated_exchange.emulator.clock import JumpingClock
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName, FaultPlan, Row, Strike
from orchestrator.hosts.emulated_exchange.emulator.live_set import LiveSet
from orchestrator.hosts.emulated_exchange.emulator.rows import End
from orchestrator.hosts.emulated_exchange.emulator.trail import Trail
from orchestrator.model.hosts import WriterState

FREEZE_TIMED_OUT: Final = 2004  # ESE


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Strikes the sets of one host.

    Attributes:
        die: ends the host as a power cut would.
    """

    faults: FaultPlan
    clock: JumpingClock
    trail: Trail
    die: Callable[[], None]

    def strike(self, live: LiveSet) -> None:
        """Do what is due at the moment at which a set is held; its deadline may have changed then."""
        loop = asyncio.get_running_loop()
        if early := self.faults.due(FaultName.HOLD_ENDS_EARLY):
            live.sequence.bring_forward(End.HOLD_LIMIT, self.clock.reading(), early.delay_s)
        if jump := self.faults.due(FaultName.CLOCK_JUMPS):
            self.clock.jump(jump.delay_s)
        if death := self.faults.due(FaultName.DIES_WHILE_FROZEN):
            loop.call_later(death.delay_s, self.die)
        if strike := self.faults.strikes(Row.WRITER_LIMIT):
            loop.call_later(strike.delay_s, self._let_writers_give_up, live, strike)

    def _let_writers_give_up(self, live: LiveSet, strike: Strike) -> None:
        if live.sequence.is_held:
            live.writer_failure = WriterState.FAILED_AT_THAW, strike.hresult
            now = self.clock.reading().wall
            self.trail.engine(now, FREEZE_TIMED_OUT, live.databases, "Shadow copy freeze timed out.")
            self.trail.writer_failed(now, strike.row, strike.hresult, live.plan.set_id)
