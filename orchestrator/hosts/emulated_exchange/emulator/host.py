"""The emulated Exchange server: sets and their sessions, driven through the sequence over a store.

Requests may come at any time and from any connection. What froze is thawed by whichever comes first: our
release, an abort, or a timer of the set.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from orchestrator.errors import HostError
from orchestrator.hosts.emulated_exchange.emulator.admission import (
    admit,
    databases_of,
    databases_on,
)
from orchestrator.hosts.emulated_exchange.emulator.clock import HostClock, JumpingClock
from orchestrator.hosts.emulated_exchange.emulator.completion import Completion
from orchestrator.hosts.emulated_exchange.emulator.creation import Creation, LateSuccess
from orchestrator.hosts.emulated_exchange.emulator.exchange_server import exchange_server
from orchestrator.hosts.emulated_exchange.emulator.faults import (
    AFTER_THAW,
    LOSSES,
    FaultName,
    FaultPlan,
    Form,
    Row,
)
from orchestrator.hosts.emulated_exchange.emulator.keys import SetKey
from orchestrator.hosts.emulated_exchange.emulator.live_set import LiveSet, SessionEnd
from orchestrator.hosts.emulated_exchange.emulator.metadata import EXCHANGE_WRITER_ID, ServerMetadata
from orchestrator.hosts.emulated_exchange.emulator.mishaps import FREEZE_TIMED_OUT, Mishaps
from orchestrator.hosts.emulated_exchange.emulator.options import HostOptions, LabDatabase
from orchestrator.hosts.emulated_exchange.emulator.preparation import Preparation
from orchestrator.hosts.emulated_exchange.emulator.rows import WRITER_LIMIT_S, End, Step, limits_of
from orchestrator.hosts.emulated_exchange.emulator.sequence import CreationSequence
from orchestrator.hosts.emulated_exchange.emulator.store import Store
from orchestrator.hosts.emulated_exchange.emulator.trail import LogEntry, Trail
from orchestrator.model.budgets import EXCHANGE_FREEZE_LIMIT_S
from orchestrator.model.hosts import (
    CompletionReport,
    FreezeReport,
    HostIdentity,
    ReleaseReport,
    Survey,
    WriterReport,
    WriterState,
)
from orchestrator.model.time import Reading
from orchestrator.plugin import Fault, SetPlan

ABORTED: Final = 2007  # ESE
NO_LONGER: Final = (SessionEnd.ABORTED, SessionEnd.EXPIRED, SessionEnd.LOST)


class EmulatedExchange:
    """One emulated server.

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
        self._trail = Trail(options.version)
        self._sets: dict[str, LiveSet] = {}
        self._refused_ids: set[str] = set()
        self._freezing: LiveSet | None = None
        self._down_until_s: float | None = None

    def identify(self) -> HostIdentity:
        """Tell which host this is."""
        return self._metadata.identity

    def clock(self) -> Reading:
        """Read its clocks."""
        self._demand_up()
        return self._clock.reading()

    async def survey(self) -> Survey:
        """Return writers, components, host volumes, what Exchange says, and the clocks.

        Raises:
            HostError: metadata could not be gathered.
        """
        self._demand_up()
        strike = self._faults.strikes(Row.GATHER_METADATA)
        if strike is not None and strike.form is Form.ERROR:
            what = f"writer metadata could not be gathered ({strike.hresult:#010x})"
            raise HostError("host.rejected", what, subject=self.identify().name)
        if strike is not None:
            await asyncio.sleep(WRITER_LIMIT_S)
        exchange = exchange_server(self._metadata, self._in_backup())
        survey = self._metadata.survey(self._clock.reading(), exchange)
        return survey if strike is None else self._metadata.without_exchange(survey)

    def events(self) -> tuple[LogEntry, ...]:
        """Return what stands in its Application log, oldest first."""
        return self._trail.entries

    def inject(self, fault: Fault) -> None:
        """Misbehave from now on."""
        self._faults.add(fault)

    def change(self, database: LabDatabase) -> None:
        """Do what an admin does to a database: mount or dismount it, move the active copy elsewhere."""
        if not database.mounted:
            for live in self._sets.values():
                live.dismounted.add(database.name)
        self._metadata.describe(database)

    def restart_writer(self, instance_id: str) -> None:
        """Restart the service of a writer: it comes back as a new instance that knows of no backup."""
        for live in self._sets.values():
            live.forgotten |= live.struck == instance_id
        self._metadata.restart_writer(instance_id)

    async def open(self, plan: SetPlan) -> str:
        """Start a session and a set, prepare the writers, and return the session id.

        Raises:
            HostError: another set is in creation, or the plan does not fit this server.
        """
        self._demand_up()
        live = self._begin(plan)
        try:
            await Preparation(self._faults, self._store, self._clock, self._trail, self._creation).prepare(
                live
            )
        except LateSuccess:
            return live.session_id
        except asyncio.CancelledError:
            self._abort(live)
            raise
        except HostError:
            if live.sequence.ending is None:  # nothing has come of it, not even a set
                self._abort(live)
                del self._sets[plan.set_id]
            raise
        self._lose(live)
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
        live.sequence.limits[End.DEAD_MAN] = dead_man_s  # read when its timer starts, once
        creation = self._creation
        creation.enter(live, Step.END_PREPARE_SNAPSHOTS)
        self._freezing = live
        try:
            await creation.freeze(live)
        except LateSuccess:
            return _as_if_held(self._freeze_report(live))
        except BaseException:
            self._give_up(live)
            raise
        report = self._freeze_report(live)
        Mishaps(self._faults, self._clock, self._trail, self._die).strike(live)
        self._watch(live)
        self._lose(live)
        if self._faults.due(FaultName.FREEZE_ANSWER_LOST):
            await _forever()
        return report

    async def thaw(self, key: SetKey) -> ReleaseReport:
        """Release and thaw, or give up what is not held; say how it ended. No freeze works afterwards."""
        live = self._find(key)
        if self._faults.due(FaultName.HANGS_ON_THAW):
            await _forever()
        self._expire(live)
        if live.thawing:
            await live.over.wait()
        elif live.sequence.is_held:
            live.thawing = True
            await self._creation.release(live)
            self._suffer(live)
            self._lose(live)
        else:
            self._give_up(live)
        if self._faults.due(FaultName.THAW_ANSWER_LOST):
            await _forever()
        return live.release_report()

    def writer_status(self, key: SetKey) -> tuple[WriterReport, ...]:
        """Return the state of every writer inside the set's session.

        Raises:
            HostError: `host.session-lost`, there is no such session any more.
        """
        live = self._find(key)
        self._expire(live)
        if live.closed is SessionEnd.LOST:
            raise _lost(live)
        return live.writer_reports(self._metadata)

    def resume(self, key: SetKey) -> str:
        """Take up the session of a set that is open, or whose end the writers were told; return its id.

        Raises:
            HostError: `host.session-lost`, there is none (any more).
        """
        self._demand_up()
        if key.set_id not in self._sets:
            raise HostError("host.session-lost", "this host keeps no such session", subject=key.set_id)
        live = self._find(key)
        self._expire(live)
        if live.closed in NO_LONGER:
            raise _lost(live)
        return live.session_id

    async def complete(self, key: SetKey, *, succeeded: bool) -> CompletionReport:
        """Tell the writers how the backup ended, and end the session. Asked again, answer the same.

        Raises:
            HostError: the session has ended, the set is in creation, it is no success to report, or the
                writers were told otherwise before.
        """
        live = self._find(key)
        self._expire(live)
        if live.closed in NO_LONGER:
            raise _lost(live)
        if live.telling is None:
            ending = live.sequence.ending
            if ending is None or (succeeded and ending is not End.FINISHED):
                raise _rejected(key.set_id, "BackupComplete does not fit the state of the set (0x80042301)")
            if live.session_timer is not None:
                live.session_timer.cancel()
            completion = Completion(self._faults, self._metadata, self._store, self._clock, self._trail)
            live.telling = succeeded, asyncio.ensure_future(completion.tell(live, succeeded=succeeded))
        told, telling = live.telling
        if told is not succeeded:
            raise _rejected(key.set_id, "the writers were told otherwise before (0x80042301)")
        return await asyncio.shield(telling)

    def abort(self, key: SetKey) -> None:
        """Thaw if needed, give the set up, end its session."""
        self._abort(self._find(key))

    def recover(self, key: SetKey) -> None:
        """Abort a set. An unknown one is success, and cannot be opened any more."""
        self._demand_up()
        if key.set_id in self._sets:
            self.abort(key)
        self._refused_ids.add(key.set_id)

    @property
    def _creation(self) -> Creation:
        return Creation(self._faults, self._store, self._clock, self._trail, self._settle)

    def _in_backup(self) -> Mapping[str, str]:
        """Return which databases are in a backup, and the set that they are in."""
        live_sets = [live for live in self._sets.values() if live.in_backup]
        return {name: live.plan.set_id for live in live_sets for name in live.databases}

    def _begin(self, plan: SetPlan) -> LiveSet:
        for live in self._sets.values():
            self._expire(live)
            if live.sequence.ending is None:
                what = "another set is in creation (0x80042316)"
                raise HostError("host.busy", what, subject=live.plan.set_id)
        if plan.set_id in self._sets or plan.set_id in self._refused_ids:
            raise _rejected(plan.set_id, "this set id was used before (0x8004230d)")
        metadata = self._metadata
        admit(plan, metadata, self._in_backup())
        databases = tuple(one.name for one in databases_of(plan, metadata))
        exchange = bool(databases) or any(one.writer_id == EXCHANGE_WRITER_ID for one in plan.writers)
        live = self._sets[plan.set_id] = LiveSet(
            plan,
            CreationSequence(self._clock.reading(), limits_of(plan.budgets, exchange=exchange)),
            databases,
            databases_on(plan, metadata),
            plan.writers[0].instance_id if plan.writers else metadata.exchange.instance_id,
        )
        self._watch(live)
        return live

    def _freeze_report(self, live: LiveSet) -> FreezeReport:
        now, entered = self._clock.reading(), live.sequence.entered
        frozen_at = entered.get(Step.ON_FREEZE, now)
        return FreezeReport(live.writer_reports(self._metadata), frozen_at, now)

    def _suffer(self, live: LiveSet) -> None:
        live.faults |= {name for name in AFTER_THAW if self._faults.due(name)}
        if FaultName.WRITER_RESTARTED in live.faults:
            self.restart_writer(live.struck)
        if FaultName.DISMOUNTED in live.faults:
            live.dismounted |= {*live.databases[:1]}
        if FaultName.STORAGE_MAP_CHANGED in live.faults:
            self._metadata.volumes_swapped = not self._metadata.volumes_swapped

    def _lose(self, live: LiveSet) -> None:
        """Let what strikes a whole set strike, if now is the time."""
        struck = {row: strike for row in LOSSES if (strike := self._faults.strikes(row))}
        if Row.NEW_SET_WHILE_OPEN in struck:
            self._give_up(live, End.FOREIGN)
        if Row.REQUESTOR_LOST in struck:
            self._give_up(live)
            live.close(SessionEnd.LOST)
            raise _lost(live)
        if restart := struck.get(Row.HOST_RESTARTS):
            self._restart(restart.delay_s)
            self._demand_up(gone=True)

    def _restart(self, down_s: float) -> None:
        for live in self._sets.values():
            self._give_up(live, End.RESTART)
            live.forget()
        self._metadata.restart()
        self._down_until_s = self._clock.reading().monotonic_s + down_s

    def _demand_up(self, *, gone: bool = False) -> None:
        down_until_s = self._down_until_s
        if gone or (down_until_s is not None and self._clock.reading().monotonic_s < down_until_s):
            raise HostError("host.gone", "the host is restarting", subject=self.identify().name)

    def _find(self, key: SetKey) -> LiveSet:
        self._demand_up()
        live = self._sets.get(key.set_id)
        if live is None:
            raise _rejected(key.set_id, "no such set (0x80042308)")
        if live.plan.fence != key.fence:
            raise _rejected(key.set_id, "this is not the set's fencing token")
        return live

    def _expire(self, live: LiveSet) -> None:
        live.sequence.expire(self._clock.reading())
        self._settle(live)

    def _give_up(self, live: LiveSet, end: End = End.ABORT) -> None:
        live.sequence.give_up(self._clock.reading(), end)
        self._settle(live)

    def _abort(self, live: LiveSet, how: SessionEnd = SessionEnd.ABORTED) -> None:
        self._give_up(live)
        live.close(how)

    def _settle(self, live: LiveSet) -> None:
        """Let the store go on if the set that stopped it has thawed, and watch for the next deadline."""
        ending = live.sequence.ending
        if self._freezing is live and (ending is not None or Step.ON_THAW in live.sequence.entered):
            self._freezing = None
            self._store.resume()
        if ending is not None and not live.over.is_set():
            self._end(live, ending)
        self._watch(live)

    def _end(self, live: LiveSet, ending: End) -> None:
        live.over.set()
        if ending is End.PREPARE_LIMIT:
            live.close(SessionEnd.EXPIRED)
        if Step.ON_FREEZE in live.sequence.entered and Step.ON_THAW not in live.sequence.entered:
            event_id = FREEZE_TIMED_OUT if ending is End.WRITER_LIMIT else ABORTED
            self._trail.engine(self._clock.reading().wall, event_id, live.databases, f"Freeze: {ending}.")
        if live.closed is None:
            loop = asyncio.get_running_loop()
            live.session_timer = loop.call_later(live.plan.session_s, self._abort, live, SessionEnd.EXPIRED)

    def _watch(self, live: LiveSet) -> None:
        if live.timer is not None:
            live.timer.cancel()
            live.timer = None
        if (deadline_s := live.sequence.deadline_s) is not None:
            left_s = deadline_s - self._clock.reading().monotonic_s
            live.timer = asyncio.get_running_loop().call_later(max(0.0, left_s), self._expire, live)


def _rejected(set_id: str, what: str) -> HostError:
    return HostError("host.rejected", what, subject=set_id)


def _lost(live: LiveSet) -> HostError:
    return HostError("host.session-lost", f"the session has ended: {live.closed}", subject=live.plan.set_id)


def _as_if_held(report: FreezeReport) -> FreezeReport:
    """Return what was true when the step began that took too long."""
    state = WriterState.WAITING_FOR_THAW
    return replace(report, writers=tuple(replace(one, state=state, failure=0) for one in report.writers))


async def _forever() -> None:
    await asyncio.Event().wait()
