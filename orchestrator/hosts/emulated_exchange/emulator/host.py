"""The emulated Exchange server: sets and their sessions, driven through the sequence over a store.

Requests may come at any time and from any connection. What froze is thawed by whichever comes first: our
release, an abort, or a timer of the set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.admission import admit, databases_of, databases_on
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock, JumpingClock
from orchestrator.hosts.emulated_exchange.emulator.faults import AFTER_THAW, FaultName, FaultPlan
from orchestrator.hosts.emulated_exchange.emulator.live_set import LiveSet
from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions
from orchestrator.hosts.emulated_exchange.emulator.rows import ORDER, Step, limits_of
from orchestrator.hosts.emulated_exchange.emulator.sequence import CreationSequence, OutOfOrder
from orchestrator.hosts.emulated_exchange.emulator.store import Store
from orchestrator.hosts.emulated_exchange.protocol import SetKey
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HoldEnd,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
)
from orchestrator.plugin import Fault, SetPlan

UNTIL_FREEZE: Final = ORDER[1 : ORDER.index(Step.ON_FREEZE) + 1]
UNTIL_HOLD: Final = (Step.PRE_COMMIT_SNAPSHOTS, Step.FLUSH_AND_HOLD_WRITES)


class EmulatedExchange:
    """One emulated server. What freezes or thaws is a coroutine; the rest answers at once.

    Args:
        options: what it looks like.
        store: what changes its databases.
        clock: its own.
        die: ends the server as a power cut would.
    """

    def __init__(self, options: HostOptions, store: Store, clock: HostClock, die: Callable[[], None]) -> None:
        self._faults = FaultPlan(*options.faults)
        self._metadata = ServerMetadata.of(options)
        self._store = store
        self._clock = JumpingClock(clock)
        self._die = die
        self._sets: dict[str, LiveSet] = {}
        self._refused_ids: set[str] = set()
        self._freezing: LiveSet | None = None

    def identify(self) -> HostIdentity:
        """Tell which host this is."""
        return self._metadata.identity

    def survey(self) -> Survey:
        """Return writers, components, host volumes and the clocks."""
        return self._metadata.survey(self._clock.reading())

    def inject(self, fault: Fault) -> None:
        """Misbehave from now on."""
        self._faults.add(fault)

    def open(self, plan: SetPlan) -> str:
        """Start a session and a set, prepare the writers, and return the session id.

        Raises:
            HostError: another set is in creation, or the plan does not fit this server.
        """
        for live in self._sets.values():
            self._expire(live)
            if live.sequence.ending is None:
                what = "another set is in creation (0x80042316)"
                raise HostError("host.busy", what, subject=live.plan.set_id)
        if plan.set_id in self._sets or plan.set_id in self._refused_ids:
            raise _rejected(plan.set_id, "this set id was used before (0x8004230d)")
        in_backup = [
            name for live in self._sets.values() if not live.closed for name in databases_of(live.plan)
        ]
        survey = self.survey()
        admit(plan, survey, in_backup)
        if self._faults.due(FaultName.ROT):
            self._store.spoil()
        if self._faults.due(FaultName.PREPARE_FAILS):
            raise _writer_failed("FAILED_AT_PREPARE_BACKUP (0x800423f4)")
        sequence = CreationSequence(survey.clock, limits_of(plan.budgets))
        live = self._sets[plan.set_id] = LiveSet(plan, sequence, databases_on(plan, survey))
        self._watch(live)
        return live.session_id

    async def freeze(self, key: SetKey, dead_man_s: float) -> FreezeReport:
        """Arm the dead man, freeze, hold, and report from inside CommitSnapshots.

        Raises:
            HostError: it could not be done, or the set ended meanwhile; nothing is frozen then.
        """
        live = self._find(key)
        if not 0 < dead_man_s <= EXCHANGE_FREEZE_LIMIT_S:
            what = f"a dead man's time is more than 0 and at most {EXCHANGE_FREEZE_LIMIT_S:g} s"
            raise _rejected(key.set_id, what)
        live.sequence.limits[HoldEnd.DEAD_MAN] = dead_man_s
        self._enter(live, ORDER[0])
        self._freezing = live
        try:
            report = await self._freeze(live)
        except BaseException:
            self._give_up(live)
            raise
        if self._faults.due(FaultName.FREEZE_ANSWER_LOST):
            await _forever()
        return report

    async def thaw(self, key: SetKey) -> ReleaseReport:
        """Release and thaw, or give up what is not held; say how it ended. No freeze works afterwards."""
        live = self._find(key)
        if self._faults.due(FaultName.HANGS_ON_THAW):
            await _forever()
        was_held = live.sequence.is_held
        live.sequence.release(self._clock.reading())
        self._settle(live)
        if was_held:
            self._suffer(live)
        if self._faults.due(FaultName.THAW_ANSWER_LOST):
            await _forever()
        return live.release_report()

    def writer_status(self, key: SetKey) -> tuple[WriterReport, ...]:
        """Return the state of every writer inside the set's session."""
        live = self._find(key)
        self._expire(live)
        return live.writer_reports(self._metadata)

    def complete(self, key: SetKey, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended, and end the session.

        Raises:
            HostError: the session has ended, the set is in creation, or it is no success to report.
        """
        live = self._find(key)
        self._expire(live)
        ending = live.sequence.ending
        if live.closed or ending is None or (succeeded and ending is not HoldEnd.RELEASE):
            raise _rejected(key.set_id, "BackupComplete does not fit the state of the set (0x80042301)")
        live.closed = True
        return CompletionReport(live.writer_reports(self._metadata))

    def abort(self, key: SetKey) -> None:
        """Thaw if needed, give the set up, end its session."""
        live = self._find(key)
        self._give_up(live)
        live.closed = True

    def recover(self, key: SetKey) -> None:
        """Abort a set. An unknown one is success, and cannot be opened any more."""
        if key.set_id in self._sets:
            self.abort(key)
        self._refused_ids.add(key.set_id)

    async def _freeze(self, live: LiveSet) -> FreezeReport:
        self._enter(live, *UNTIL_FREEZE)
        if self._faults.due(FaultName.WRITER_NOT_FROZEN):
            live.faults.add(FaultName.WRITER_NOT_FROZEN)
        else:
            await self._stop(databases_of(live.plan))
        frozen_at = self._clock.reading()
        self._enter(live, *UNTIL_HOLD)
        await self._stop(live.held_databases)
        self._enter(live, Step.COMMIT_SNAPSHOTS)
        report = FreezeReport(live.writer_reports(self._metadata), frozen_at, self._clock.reading())
        self._suffer_while_held(live)
        return report

    async def _stop(self, databases: tuple[str, ...]) -> None:
        if not await self._store.stop(databases, EXCHANGE_FREEZE_LIMIT_S):
            raise _writer_failed("not every database stopped changing (0x800423f2)")

    def _suffer_while_held(self, live: LiveSet) -> None:
        if early := self._faults.due(FaultName.HOLD_ENDS_EARLY):
            live.sequence.bring_forward(HoldEnd.HOLD_LIMIT, self._clock.reading(), early.delay_s)
            self._watch(live)
        if jump := self._faults.due(FaultName.CLOCK_JUMPS):
            self._clock.jump(jump.delay_s)
        if death := self._faults.due(FaultName.DIES_WHILE_FROZEN):
            asyncio.get_running_loop().call_later(death.delay_s, self._die)

    def _suffer(self, live: LiveSet) -> None:
        live.faults |= {name for name in AFTER_THAW if self._faults.due(name)}
        if FaultName.WRITER_RESTARTED in live.faults:
            self._metadata.restart_exchange()
        if FaultName.STORAGE_MAP_CHANGED in live.faults:
            self._metadata.volumes_swapped = not self._metadata.volumes_swapped

    def _find(self, key: SetKey) -> LiveSet:
        live = self._sets.get(key.set_id)
        if live is None:
            raise _rejected(key.set_id, "no such set (0x80042308)")
        if live.plan.fence != key.fence:
            raise _rejected(key.set_id, "this is not the set's fencing token")
        return live

    def _enter(self, live: LiveSet, *steps: Step) -> None:
        """Go through rows, all in one moment."""
        now = self._clock.reading()
        try:
            for step in steps:
                live.sequence.enter(step, now)
        except OutOfOrder as error:
            raise _rejected(live.plan.set_id, str(error)) from None
        finally:
            self._settle(live)

    def _expire(self, live: LiveSet) -> None:
        live.sequence.expire(self._clock.reading())
        self._settle(live)

    def _give_up(self, live: LiveSet) -> None:
        live.sequence.give_up(self._clock.reading())
        self._settle(live)

    def _settle(self, live: LiveSet) -> None:
        """Let the store go on if a set that stopped it is over, and watch for the next deadline."""
        if live.sequence.ending is not None and self._freezing is live:
            self._freezing = None
            self._store.resume()
        self._watch(live)

    def _watch(self, live: LiveSet) -> None:
        if live.timer is not None:
            live.timer.cancel()
            live.timer = None
        if (deadline_s := live.sequence.deadline_s) is not None:
            left_s = deadline_s - self._clock.reading().monotonic_s
            live.timer = asyncio.get_running_loop().call_later(max(0.0, left_s), self._expire, live)


def _rejected(set_id: str, what: str) -> HostError:
    return HostError("host.rejected", what, subject=set_id)


def _writer_failed(what: str) -> HostError:
    return HostError("host.writer-failed", what, subject="Microsoft Exchange Writer")


async def _forever() -> None:
    await asyncio.Event().wait()
