"""How a set goes through the rows of DoSnapshotSet, over the store, and what becomes of a step that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock
from orchestrator.hosts.emulated_exchange.emulator.consequences import (
    FAILED_STATE,
    GOES_ON,
    ROW_OF,
    ending_of,
)
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName, FaultPlan, Form, Row, Strike
from orchestrator.hosts.emulated_exchange.emulator.live_set import LiveSet
from orchestrator.hosts.emulated_exchange.emulator.rows import (
    ORDER,
    VSS_E_WRITERERROR_TIMEOUT,
    Step,
)
from orchestrator.hosts.emulated_exchange.emulator.sequence import OutOfOrder
from orchestrator.hosts.emulated_exchange.emulator.store import Store
from orchestrator.hosts.emulated_exchange.emulator.trail import Happening, Trail
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S

WRITER: Final = "Microsoft Exchange Writer"
AFTER_COMMIT: Final = ORDER[ORDER.index(Step.RELEASE_WRITES) :]

HAPPENINGS: Final = {
    Step.ON_PREPARE_SNAPSHOT: Happening.SNAPSHOT_PREPARED,
    Step.ON_FREEZE: Happening.FROZEN,
    Step.ON_THAW: Happening.THAWED,
    Step.ON_POST_SNAPSHOT: Happening.POST_SNAPSHOT,
}
FREEZE_STARTED: Final = 2001  # ESE, at the edges of the time in which it stands still
FREEZE_ENDED: Final = 2003


class LateSuccess(Exception):
    """A step has succeeded after the set had ended, and whoever asked for it is told of the success."""


@dataclass(frozen=True, slots=True)
class Creation:
    """Takes sets through their rows.

    Attributes:
        settle: called after whatever may have moved a set on.
    """

    faults: FaultPlan
    store: Store
    clock: HostClock
    trail: Trail
    settle: Callable[[LiveSet], None]

    async def freeze(self, live: LiveSet) -> None:
        """Go on from inside the first row, which can take minutes, until writes are held.

        Raises:
            HostError: a step failed, or the set ended meanwhile.
            LateSuccess: it ended, and the host does not say so.
        """
        await self._fail_if_struck(live, Step.END_PREPARE_SNAPSHOTS)
        await self._go(live, Step.FLAG_SOURCE_LUNS)
        await self._go(live, Step.ON_PREPARE_SNAPSHOT)
        if self.faults.due(FaultName.WRITER_NOT_FROZEN):
            live.faults.add(FaultName.WRITER_NOT_FROZEN)
        await self._go(live, Step.ON_FREEZE)
        if FaultName.WRITER_NOT_FROZEN not in live.faults:
            await self._stop(live.databases)
        live.checkpoints = {name: self.store.checkpoint(name) for name in live.databases}
        await self._go(live, Step.PRE_COMMIT_SNAPSHOTS)
        await self._go(live, Step.FLUSH_AND_HOLD_WRITES)
        await self._stop(live.held_databases)
        await self._go(live, Step.COMMIT_SNAPSHOTS)

    async def release(self, live: LiveSet) -> None:
        """Go on from the hold until the set is over, however it ends. Raises nothing of our tree."""
        try:
            for step in AFTER_COMMIT:
                await self._go(live, step)
        except (HostError, LateSuccess):
            return  # the report of the release says how it ended

    async def prepare(self, live: LiveSet, row: Row, failed: Callable[[Strike], HostError]) -> None:
        """Take one of the steps before DoSnapshotSet.

        Raises:
            HostError: it failed, or the set ended meanwhile.
            LateSuccess: it ended, and the host does not say so.
        """
        if strike := self.faults.strikes(row):
            if strike.form is Form.ERROR:
                raise failed(strike)
            await self._outlast(live, strike)

    def enter(self, live: LiveSet, step: Step) -> None:
        """Enter one row.

        Raises:
            HostError: it is not the next one, or the set is over.
        """
        now = self.clock.reading()
        try:
            live.sequence.enter(step, now)
        except OutOfOrder as error:
            raise HostError("host.rejected", str(error), subject=live.plan.set_id) from None
        finally:
            self.settle(live)
        if happening := HAPPENINGS.get(step):
            self._note(live, step, happening)

    async def _go(self, live: LiveSet, step: Step) -> None:
        await self._fail_if_struck(live, step)
        self.enter(live, step)

    async def _fail_if_struck(self, live: LiveSet, step: Step) -> None:
        row = ROW_OF.get(step)
        strike = self.faults.strikes(row) if row else None
        if strike is None:
            return
        if strike.form is Form.ERROR:
            self._fail(live, step, strike)
        else:
            await self._outlast(live, strike)

    def _fail(self, live: LiveSet, step: Step, strike: Strike) -> None:
        now, row = self.clock.reading(), strike.row
        if row in FAILED_STATE:
            live.writer_failure = FAILED_STATE[row], strike.hresult
        self._note_failure(live, row, strike.hresult)
        if row in GOES_ON:
            return
        live.sequence.fail(now, ending_of(step, strike.hresult))
        self.settle(live)
        code = "host.writer-failed" if row in FAILED_STATE else "host.freeze-failed"
        raise HostError(code, f"{row} failed ({strike.hresult:#010x})", subject=live.plan.set_id)

    async def _outlast(self, live: LiveSet, strike: Strike) -> None:
        await live.over.wait()
        status = live.sequence.report().set_status
        self._note_failure(
            live, strike.row, VSS_E_WRITERERROR_TIMEOUT if strike.row in FAILED_STATE else status
        )
        if strike.form is Form.LATE:
            await asyncio.sleep(strike.delay_s)
            raise LateSuccess
        what = f"{strike.row} did not end in time: the set is over ({live.sequence.ending})"
        raise HostError("host.freeze-failed", what, subject=live.plan.set_id)

    def _note_failure(self, live: LiveSet, row: Row, hresult: int) -> None:
        note = self.trail.writer_failed if row in FAILED_STATE else self.trail.provider_failed
        note(self.clock.reading().wall, row, hresult, live.plan.set_id)

    async def _stop(self, databases: Iterable[str]) -> None:
        if not await self.store.stop(tuple(databases), EXCHANGE_FREEZE_LIMIT_S):
            what = "not every database stopped changing (0x800423f2)"
            raise HostError("host.writer-failed", what, subject=WRITER)

    def _note(self, live: LiveSet, step: Step, happening: Happening) -> None:
        at = live.sequence.entered[step].wall
        if FaultName.WRITER_NOT_FROZEN in live.faults or not live.databases:
            return
        if step is Step.ON_FREEZE:
            self.trail.engine(at, FREEZE_STARTED, live.databases, "Shadow copy freeze started.")
        if step is Step.ON_THAW:
            self.trail.engine(at, FREEZE_ENDED, live.databases, "Shadow copy freeze ended.")
        self.trail.writer(at, happening, live.plan.set_id)
