"""The emulated Exchange server: sets and their sessions, driven through the sequence over a store.

Requests may come at any time and from any connection. What froze is thawed by whichever comes first: our
release, an abort, or a timer of the set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import uuid4

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.admission import admit, databases_of, databases_on
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock, JumpingClock
from orchestrator.hosts.emulated_exchange.emulator.faults import FaultName, FaultPlan
from orchestrator.hosts.emulated_exchange.emulator.metadata import ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions
from orchestrator.hosts.emulated_exchange.emulator.sequence import (
    ORDER,
    CreationSequence,
    OutOfOrder,
    Step,
    limits_of,
)
from orchestrator.hosts.emulated_exchange.emulator.store import Store
from orchestrator.hosts.emulated_exchange.protocol import SetKey
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S
from orchestrator.model.hosts import (
    FreezeReport,
    HoldEnd,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterInstance,
    WriterReport,
    WriterState,
)
from orchestrator.model.time import Reading
from orchestrator.plugin import Fault, SetPlan

VSS_E_OBJECT_NOT_FOUND: Final = 0x80042308
VSS_E_UNEXPECTED_PROVIDER_ERROR: Final = 0x8004230F
VSS_E_WRITERERROR_RETRYABLE: Final = 0x800423F3
VSS_E_WRITERERROR_NONRETRYABLE: Final = 0x800423F4

BEFORE_FREEZE: Final = ORDER[1 : ORDER.index(Step.ON_FREEZE)]
AFTER_RELEASE: Final = ORDER[ORDER.index(Step.RELEASE_WRITES) :]
AFTERMATH: Final = (
    FaultName.SET_NOT_FINISHED,
    FaultName.WRITER_GONE,
    FaultName.WRITER_RESTARTED,
    FaultName.WRITER_FAILED,
    FaultName.COMPONENT_FAILED,
    FaultName.SESSION_RESTARTED,
    FaultName.STORAGE_MAP_CHANGED,
)


@dataclass(slots=True)
class LiveSet:
    """One set and its requestor session, which outlives the set's creation until it is complete."""

    plan: SetPlan
    sequence: CreationSequence
    session_id: str = field(default_factory=lambda: str(uuid4()))
    timer: asyncio.TimerHandle | None = None
    not_frozen: bool = False
    aftermath: frozenset[FaultName] = frozenset()
    closed: bool = False


class EmulatedExchange:
    """One emulated server. Methods that freeze or thaw are coroutines; the others answer at once.

    Args:
        options: what it looks like.
        store: what changes its databases.
        clock: its own.
        die: ends the server as a power cut would.
    """

    def __init__(self, options: HostOptions, store: Store, clock: HostClock, die: Callable[[], None]) -> None:
        self.faults = FaultPlan(*options.faults)
        self._metadata = ServerMetadata.of(options)
        self._store = store
        self._clock = JumpingClock(clock)
        self._die = die
        self._sets: dict[str, LiveSet] = {}
        self._given_up: set[str] = set()
        self._frozen: LiveSet | None = None

    def identify(self) -> HostIdentity:
        """Tell which host this is."""
        return self._metadata.identity

    def survey(self) -> Survey:
        """Return writers, components, host volumes and the clocks."""
        return self._metadata.survey(self._clock.reading())

    def open(self, plan: SetPlan) -> str:
        """Start a session and a set, prepare the writers, and return the session id.

        Raises:
            HostError: another set is in creation, or the plan does not fit this server.
        """
        now = self._clock.reading()
        for live in self._sets.values():
            self._expire(live, now)
            if live.sequence.ending is None:
                raise HostError("host.busy", "another set is in creation (0x80042316)", subject=live.plan.set_id)
        if plan.set_id in self._sets or plan.set_id in self._given_up:
            raise _rejected(plan.set_id, "this set id has been used (0x8004230D)")
        in_backup = {name for live in self._sets.values() if not live.closed for name in databases_of(live.plan)}
        admit(plan, self.survey(), in_backup)
        if self.faults.due(FaultName.PREPARE_FAILS):
            raise HostError("host.writer-failed", "FAILED_AT_PREPARE_BACKUP (0x800423f4)", subject="Exchange")
        live = LiveSet(plan, CreationSequence(now, limits_of(plan.budgets, dead_man_s=0.0)))
        self._sets[plan.set_id] = live
        self._watch(live)
        return live.session_id

    async def freeze(self, key: SetKey, dead_man_s: float) -> FreezeReport:
        """Arm the dead man, freeze, hold, and report from inside CommitSnapshots.

        Raises:
            HostError: it could not be done, or the set ended meanwhile; nothing is frozen then.
        """
        live = self._find(key)
        if not 0 < dead_man_s <= EXCHANGE_FREEZE_LIMIT_S:
            raise _rejected(key.set_id, f"a dead man's time must lie within {EXCHANGE_FREEZE_LIMIT_S:g} s")
        live.sequence.limits[HoldEnd.DEAD_MAN] = dead_man_s
        self._enter(live, ORDER[0])
        self._frozen = live
        try:
            return await self._freeze(live)
        except BaseException:
            live.sequence.give_up(self._clock.reading())
            self._settle(live)
            raise

    async def _freeze(self, live: LiveSet) -> FreezeReport:
        self._enter(live, *BEFORE_FREEZE, Step.ON_FREEZE)
        live.not_frozen = self.faults.due(FaultName.WRITER_NOT_FROZEN) is not None
        if not live.not_frozen:
            await self._stop(databases_of(live.plan))
        frozen_at = self._clock.reading()
        if early := self.faults.due(FaultName.HOLD_ENDS_EARLY):
            live.sequence.limits[HoldEnd.HOLD_LIMIT] = early.delay_s
        self._enter(live, Step.PRE_COMMIT_SNAPSHOTS, Step.FLUSH_AND_HOLD_WRITES)
        await self._stop(databases_on(live.plan, self.survey()))
        self._enter(live, Step.COMMIT_SNAPSHOTS)
        report = FreezeReport(self.writer_status(_key_of(live)), frozen_at, self._clock.reading())
        if jump := self.faults.due(FaultName.CLOCK_JUMPS):
            self._clock.jump(jump.delay_s)
        if death := self.faults.due(FaultName.DIES_WHILE_FROZEN):
            asyncio.get_running_loop().call_later(death.delay_s, self._die)
        if self.faults.due(FaultName.FREEZE_ANSWER_LOST):
            await _forever()
        return report

    async def thaw(self, key: SetKey) -> ReleaseReport:
        """Release and thaw, or give up what is not held; say how it ended. A freeze is refused afterwards."""
        live = self._find(key)
        if self.faults.due(FaultName.HANGS_ON_THAW):
            await _forever()
        self._expire(live, self._clock.reading())
        if live.sequence.is_held:
            self._enter(live, *AFTER_RELEASE)
            self._suffer(live)
        self._give_up(live)
        if self.faults.due(FaultName.THAW_ANSWER_LOST):
            await _forever()
        report = live.sequence.report()
        if FaultName.SET_NOT_FINISHED in live.aftermath:
            return replace(report, set_status=VSS_E_UNEXPECTED_PROVIDER_ERROR)
        return report

    def writer_status(self, key: SetKey) -> tuple[WriterReport, ...]:
        """Return the state of every writer inside the set's session."""
        live = self._find(key)
        self._expire(live, self._clock.reading())
        state, failure = (WriterState.STABLE, 0) if live.closed else live.sequence.writers
        session_id = str(uuid4()) if FaultName.SESSION_RESTARTED in live.aftermath else live.session_id
        system = WriterReport(self._metadata.system.instance_id, session_id, state, failure)
        exchange = replace(system, instance_id=self._metadata.exchange.instance_id)
        if live.not_frozen and not failure:
            exchange = _failed(exchange, WriterState.FAILED_AT_FREEZE, VSS_E_WRITERERROR_NONRETRYABLE)
        if FaultName.WRITER_FAILED in live.aftermath:
            exchange = _failed(exchange, WriterState.FAILED_AT_POST_SNAPSHOT, VSS_E_WRITERERROR_RETRYABLE)
        if FaultName.COMPONENT_FAILED in live.aftermath:
            exchange = replace(exchange, component_failures=databases_of(live.plan)[:1])
        return (system,) if FaultName.WRITER_GONE in live.aftermath else (exchange, system)

    def complete(self, key: SetKey, *, succeeded: bool) -> None:
        """Tell the writers how the backup ended, and end the session.

        Raises:
            HostError: the set is still in creation, was given up, or did not end by our release.
        """
        live = self._find(key)
        self._expire(live, self._clock.reading())
        fits = live.sequence.ending is HoldEnd.RELEASE if succeeded else live.sequence.ending is not None
        if live.closed or not fits:
            raise _rejected(key.set_id, "BackupComplete does not fit the state of the set (0x80042301)")
        live.closed = True

    def abort(self, key: SetKey) -> None:
        """Thaw if needed, give the set up, end its session."""
        live = self._find(key)
        self._give_up(live)
        live.closed = True

    def recover(self, key: SetKey) -> None:
        """Abort a set, and let none of that id be opened any more. An unknown one is success."""
        self._given_up.add(key.set_id)
        if key.set_id in self._sets:
            self.abort(key)

    def inject(self, fault: Fault) -> None:
        """Misbehave from now on."""
        self.faults.add(fault)

    def _find(self, key: SetKey) -> LiveSet:
        live = self._sets.get(key.set_id)
        if live is None:
            raise _rejected(key.set_id, f"no such set ({VSS_E_OBJECT_NOT_FOUND:#010x})")
        if live.plan.fence != key.fence:
            raise _rejected(key.set_id, "this is not the fencing token of the set")
        return live

    async def _stop(self, databases: tuple[str, ...]) -> None:
        if not await self._store.stop(databases, EXCHANGE_FREEZE_LIMIT_S):
            raise HostError("host.writer-failed", "not every database stopped changing", subject="Exchange")

    def _enter(self, live: LiveSet, *steps: Step) -> None:
        """Go through rows, all in one moment, and see to what they start or end."""
        now = self._clock.reading()
        try:
            for step in steps:
                live.sequence.enter(step, now)
        except OutOfOrder as error:
            raise _rejected(live.plan.set_id, str(error)) from None
        finally:
            self._settle(live)

    def _expire(self, live: LiveSet, now: Reading) -> None:
        live.sequence.expire(now)
        self._settle(live)

    def _give_up(self, live: LiveSet) -> None:
        live.sequence.give_up(self._clock.reading())
        self._settle(live)

    def _settle(self, live: LiveSet) -> None:
        """Let the store go on if this set no longer freezes it, and set the alarm for the next timer."""
        if live.sequence.ending is not None and self._frozen is live:
            self._frozen = None
            self._store.resume()
        self._watch(live)

    def _watch(self, live: LiveSet) -> None:
        if live.timer is not None:
            live.timer.cancel()
            live.timer = None
        if (deadline_s := live.sequence.deadline_s) is not None:
            left_s = deadline_s - self._clock.reading().monotonic_s
            live.timer = asyncio.get_running_loop().call_later(max(0.0, left_s), self._wake, live)

    def _wake(self, live: LiveSet) -> None:
        self._expire(live, self._clock.reading())

    def _suffer(self, live: LiveSet) -> None:
        """Let the faults strike that show after the thaw only."""
        live.aftermath = frozenset(name for name in AFTERMATH if self.faults.due(name))
        if FaultName.WRITER_RESTARTED in live.aftermath:
            self._metadata.restart_exchange()
        if FaultName.STORAGE_MAP_CHANGED in live.aftermath:
            self._metadata.volumes_swapped = True


def _key_of(live: LiveSet) -> SetKey:
    return SetKey(live.plan.set_id, live.plan.fence)


def _failed(report: WriterReport, state: WriterState, failure: int) -> WriterReport:
    return replace(report, state=state, failure=failure)


def _rejected(set_id: str, what: str) -> HostError:
    return HostError("host.rejected", what, subject=set_id)


async def _forever() -> None:
    await asyncio.Event().wait()
